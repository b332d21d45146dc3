/** Whether anybody asks for the route of the running request; an adapter binds it as `http.route` only then. */
export let routeWanted = false;

/** Tells that the route is wanted, or no longer. */
export function wantRoute(wanted: boolean): void {
  routeWanted = wanted;
}
