import { once } from 'node:events';
import { registries } from '../peers/handles.mjs';

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
const END = '{"ok":true}';

/** The client is a bare socket in the same process, so that nearly all that is measured is the server's. */
const served = (registry) => async () => {
  await registries[registry]();
  const { createServer } = await import('node:http');
  const { connect } = await import('node:net');
  const server = createServer((_request, response) => {
    const limit = setTimeout(() => response.destroy(), 30_000);
    setImmediate(() => {
      clearTimeout(limit);
      response.setHeader('content-type', 'application/json');
      response.end(END);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect(server.address().port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  let answered;
  socket.setEncoding('latin1').on('data', (text) => {
    if (text.includes(END)) answered();
  });
  return {
    asynchronous: true,
    op: () =>
      new Promise((resolve) => {
        answered = resolve;
        socket.write(REQUEST);
      }),
    end() {
      socket.destroy();
      server.close();
    },
  };
};

export const scenario = {
  title: 'A request over a kept connection to a node:http server that sets a time limit for each',
  reference: 'no registry',
  paired: true, // 3 % is less than what two rounds of one program differ by
  variants: {
    'no registry': served('none'),
    sonde: served('sonde'),
    'async_hooks with a stack': served('async_hooks with a stack'),
    'why-is-node-running': served('why-is-node-running'),
    wtfnode: served('wtfnode'),
  },
};
