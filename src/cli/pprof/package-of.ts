const INSTALLED = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/s;

/** The package that a file belongs to: its name, `node` for Node's own, `native` without a file, `app` for the program. */
export function packageOf(file: string): string {
  if (file === '') return 'native';
  if (file.startsWith('node:')) return 'node';
  return INSTALLED.exec(file)?.[1]?.replace('\\', '/') ?? 'app';
}
