/**
 * Which requests come from our own pages. A page of another site can make a browser send requests here, also under a name that it
 * makes point to this computer (DNS rebinding): so the host asked for must be this computer's own name, whatever port it is
 * reached by (a tunnel over ssh may have another), and an Origin must be that very host.
 */
const hosts = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

export function isOwnHost(host: string | undefined): host is string {
  return host !== undefined && hosts.test(host);
}

/** `origin` is missing where browsers send none: for navigations and GETs of the page itself. */
export function isOwnOrigin(origin: string | undefined, host: string): boolean {
  return origin === undefined || origin === `http://${host}`;
}
