// A receiver of OTLP in a process of its own that behaves as it is told; sends its port to whoever started it.
import { createServer } from 'node:net';

const head = (status, more = '') => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n${more}\r\n`;
/** Answers each request on a connection with a text, when all of its body is there. */
const answering = (text) => (socket) => {
  let waiting = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      const end = waiting.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(waiting.toString('latin1', 0, end))?.[1] ?? 0);
      if (waiting.length < end + 4 + length) return;
      const body = waiting.subarray(end + 4, end + 4 + length);
      waiting = waiting.subarray(end + 4 + length);
      socket.write(typeof text === 'function' ? text(body) : text);
    }
  });
};
const BEHAVIOURS = {
  healthy: answering(head(200)),
  'reads 1 byte a second'(socket) {
    socket.pause();
    const timer = setInterval(() => socket.read(1), 1_000);
    socket.on('close', () => clearInterval(timer));
  },
  hangs: (socket) => socket.resume(),
  'answers 500': answering(head(500)),
  'answers 429': answering(head(429, 'retry-after: 1\r\n')),
  'refuses what holds a bad record': answering((body) => head(body.includes('bad record') ? 400 : 200)),
  'answers garbage': answering('\u0000\u0001 garbage \r\n\r\n'),
  'gives half an answer'(socket) {
    answering('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc')(socket);
    socket.on('data', () => setTimeout(() => socket.destroy(), 50));
  },
  'closes in the middle of a request': (socket) => socket.once('data', () => socket.destroy()),
};
const server = createServer({ allowHalfOpen: false }, (socket) => {
  socket.on('error', () => {});
  BEHAVIOURS[process.argv[2]](socket);
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit(0));
