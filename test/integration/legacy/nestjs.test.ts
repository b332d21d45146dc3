import 'reflect-metadata';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadRequestException, Body, Controller, Get, Inject, Injectable, Module, NotFoundException, Param, Post, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Response } from 'express';
import { boundary, report, start, traced } from 'sonde';
import { SondeExceptionFilter, SondeInterceptor } from 'sonde/nestjs';
import { describe, expect, it } from 'vitest';
import { openLookup } from '../../../dist/store/open-lookup.js';
import { type AdapterService, adapterSuite } from '../adapter-suite.ts';
import { ask, CardDeclined, LARGE, recordErrors, secretError, THROWN } from '../errors-fixture.ts';

const SERVER = 1; // OpenTelemetry's kind of span

@Injectable()
@boundary('payments')
class Payments {
  async charge(): Promise<never> {
    throw secretError();
  }
}

@Controller()
class Shop {
  constructor(@Inject(Payments) private readonly payments: Payments) {}

  @Get('ok')
  ok(): string {
    return 'fine';
  }
  @Get('bug')
  bug(): never {
    throw secretError();
  }
  @Get('async')
  @traced
  async later(): Promise<never> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw secretError();
  }
  @Get('string')
  text(): never {
    throw 'hunter2-secret';
  }
  @Get('known/:id')
  known(@Param('id') id: string): never {
    throw new CardDeclined('Cannot charge with hunter2-secret', { data: { orderId: id } });
  }
  @Get('begun')
  async begun(@Res() res: Response): Promise<never> {
    res.write('half');
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw secretError();
  }
  @Get('users/:user/orders/:id')
  order(): never {
    throw secretError();
  }
  @Get('thrown/:name')
  thrown(@Param('name') name: string): never {
    throw THROWN[name]?.();
  }
  @Get('ended')
  ended(@Res() res: Response): never {
    res.end(LARGE);
    throw secretError();
  }
  @Get('gone')
  async gone(@Res() res: Response): Promise<never> {
    const closed = once(res, 'close');
    res.writeProcessing();
    await closed;
    throw secretError();
  }
  @Post('json')
  json(@Body() body: unknown): unknown {
    return body;
  }
  @Get('charge')
  charge(): Promise<never> {
    return this.payments.charge();
  }
  @Get('missing')
  missing(): never {
    throw new NotFoundException('There is no order 17.');
  }
  @Get('invalid')
  invalid(): never {
    throw new BadRequestException(['plan must be a string', 'seats must be positive']);
  }
}

@Module({ controllers: [Shop], providers: [Payments] })
class ShopModule {}

async function service(): Promise<AdapterService> {
  const app = await NestFactory.create(ShopModule, { logger: false });
  app.useGlobalFilters(new SondeExceptionFilter());
  app.useGlobalInterceptors(new SondeInterceptor());
  await app.listen(0, '127.0.0.1');
  return { port: ((app.getHttpServer() as Server).address() as AddressInfo).port, close: () => app.close() };
}

adapterSuite('NestJS 11', service);

describe('NestJS', () => {
  it('keeps the sentences that were written for the client, wraps at a boundary', async () => {
    const errors = recordErrors();
    const shop = await service();
    const bug = await ask(shop.port, '/bug');
    expect(bug.status).toBe(500);
    const charge = await ask(shop.port, '/charge');
    expect(errors.record(charge.headers['x-error-id'])).toMatchObject({ 'sonde.error.boundary': 'payments', 'error.type': 'payments/unexpected' });
    const missing = await ask(shop.port, '/missing');
    expect([missing.status, missing.json()['detail'], missing.headers['x-error-id']]).toEqual([404, 'There is no order 17.', undefined]);
    const invalid = await ask(shop.port, '/invalid');
    expect(invalid.json()['detail']).toBe('plan must be a string; seats must be positive');
    const nowhere = await ask(shop.port, '/nowhere');
    expect([nowhere.status, nowhere.headers['content-type']]).toEqual([404, 'application/problem+json; charset=utf-8']);
    await shop.close();
    errors.stop();
  });

  it('names the handler in the scope of the request', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sonde-nest-'));
    const sonde = await start({ service: 'nest', dir, logs: { level: 'off' } });
    const shop = await service();
    const bug = await ask(shop.port, '/bug');
    await shop.close();
    await sonde.shutdown({ within: '60s' });
    const lookup = openLookup(dir);
    const record = await lookup.error(bug.headers['x-error-id'] as string);
    const trace = await lookup.trace(record?.trace_id as string);
    await lookup.close();
    rmSync(dir, { recursive: true, force: true });
    expect(record).toMatchObject({ 'code.function.name': 'Shop.bug', 'http.route': '/bug' });
    expect(trace?.spans.filter(({ kind }) => kind === SERVER).map((span) => span.name)).toEqual(['GET /bug']); // the client's own span may be there too
  });

  it('reports and throws on outside of HTTP', () => {
    const errors = recordErrors();
    const error = new Error('in a message handler');
    const host = { getType: () => 'rpc', switchToHttp: () => ({ getRequest: () => undefined, getResponse: () => undefined }) };
    expect(() => new SondeExceptionFilter({ boundary: 'jobs' }).catch(error, host)).toThrow(error);
    expect(errors.record(report(error).id)).toMatchObject({ 'sonde.error.boundary': 'jobs' });
    errors.stop();
  });
});
