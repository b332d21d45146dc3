import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { SLO_HEAD } from '../generate/files.ts';
import { readDocuments } from '../verify/documents.ts';
import type { Finding } from '../verify/finding.ts';
import { shapeFindings, shapeProblems } from '../verify/shape.ts';
import { SERVICE_SLO, type ServiceSlo, SLO_FOLDER } from './declared.ts';

/** The objectives that are declared below `root`, and what is wrong with their files. */
export function readSlos(root: string): { declared: ServiceSlo[]; findings: Finding[] } {
  if (!existsSync(join(root, SLO_FOLDER))) return { declared: [], findings: [] };
  const { documents, findings } = readDocuments(root, [SLO_FOLDER]);
  const declared: ServiceSlo[] = [];
  for (const document of documents) {
    const problems = shapeFindings(SERVICE_SLO, document);
    const value = document.value as ServiceSlo;
    if (problems.length === 0 && basename(document.file).replace(/\.ya?ml$/, '') !== value.service) {
      problems.push({
        file: document.file,
        line: document.lineAt(['service']),
        message: `declares "${value.service}"; expected the file to be named after it`,
      });
    }
    findings.push(...problems);
    if (problems.length === 0) declared.push(value);
  }
  return { declared, findings };
}

/** The file that declares what a service promises; `RangeError` where what it says of itself cannot be declared. */
export function sloFile(slo: ServiceSlo): { file: string; text: string } {
  const [wrong] = shapeProblems(SERVICE_SLO, slo);
  if (wrong) throw new RangeError(`Cannot declare what "${slo.service}" promises: ${wrong}`);
  return {
    file: `${SLO_FOLDER}/${slo.service}.yml`,
    text: `# What ${slo.service} promises, as a running process told it. \`sonde stack generate\` writes its rules.\n${stringify(slo, { lineWidth: 0 })}`,
  };
}

/** Files that were generated from objectives which are no longer declared. */
export function leftOvers(root: string, generated: ReadonlyMap<string, string>): string[] {
  return ['collector/prometheus/rules', 'collector/prometheus/tests']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((file) => !generated.has(file) && readFileSync(join(root, file), 'utf8').startsWith(SLO_HEAD));
}
