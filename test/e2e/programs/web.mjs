// A web service as pods of the suite run it: answers with its version, fails and delays as ERROR_RATE (0 to 1) and LATENCY_MS say, counts
// its requests at /metrics, and drains on SIGTERM. A request whose header x-fail names the version fails, too. Plain JavaScript without
// imports of the project: it also runs from a stock Node image.
import http from 'node:http';

const {
  POD_IP = '0.0.0.0',
  POD_NAME = '',
  PORT = '8080',
  VERSION = '',
  ERROR_RATE = '0',
  LATENCY_MS = '0',
} = process.env;
const { GREETING = '', DRAIN_MS = '0' } = process.env;
const errorRate = Number(ERROR_RATE);
const latency = Number(LATENCY_MS);
const counts = new Map();

const metrics = () =>
  ['# TYPE http_requests_total counter']
    .concat(
      [...counts].map(([code, n]) => `http_requests_total{pod="${POD_NAME}",version="${VERSION}",code="${code}"} ${n}`),
    )
    .join('\n');

function answer(response, failing) {
  const code = failing === VERSION || Math.random() < errorRate ? 500 : 200;
  counts.set(code, (counts.get(code) ?? 0) + 1);
  response.writeHead(code, { 'content-type': 'text/plain', 'x-version': VERSION, 'x-pod': POD_NAME });
  response.end(`${GREETING} ${VERSION} ${POD_NAME}\n`);
}

const server = http.createServer((request, response) => {
  request.resume();
  if (request.url === '/metrics') return response.end(`${metrics()}\n`);
  if (request.url === '/ready') return response.end('ok\n');
  const failing = request.headers['x-fail'];
  if (latency > 0) return setTimeout(answer, latency, response, failing);
  answer(response, failing);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), POD_IP);

function end() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
process.on('SIGTERM', () => setTimeout(end, Number(DRAIN_MS)));
