import type { Route } from './route.ts';

/** `/metrics`: the Prometheus page, or OpenMetrics with exemplars when it is asked for. */
export const metricsRoute: Route = {
  path: '/metrics',
  methods: ['GET', 'HEAD'],
  async answer({ deps, request }) {
    const { contentType, body } = await deps.metrics(request.headers.accept);
    return { status: 200, body, type: contentType };
  },
};
