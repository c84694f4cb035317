/**
 * The rules that hold for every page, whoever makes its window: pages come from our own scheme with a strict policy, they go nowhere
 * else, open nothing, are granted nothing, and have no way to Node (contextIsolation, sandbox).
 */
import { app, type Session, session, type WebContents, type WebPreferences } from 'electron';
import { StaticFiles } from '../core/serve/static-files.ts';
import { ORIGIN, preloadFile, rendererFolder, SCHEME } from './paths.ts';

export const webPreferences = (): WebPreferences => ({
  preload: preloadFile(),
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webviewTag: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  navigateOnDragDrop: false,
  spellcheck: false,
});

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page's own origin only, top frame only. */
export function isOurs(url: string): boolean {
  return url === ORIGIN || url.startsWith(`${ORIGIN}/`);
}

/** Copy and paste of the terminal; all else is refused, and everything to pages that are not ours. */
const GRANTED = new Set(['clipboard-read', 'clipboard-sanitized-write']);
const isGranted = (permission: string, url: string): boolean => GRANTED.has(permission) && isOurs(url);

/** Before any window: rules for all sessions and pages. */
export function secure(): void {
  app.on('web-contents-created', (_event, contents) => secureContents(contents));
  secureSession(session.defaultSession);
  servePages(session.defaultSession);
}

function secureContents(contents: WebContents): void {
  const refuse = (event: { preventDefault(): void }, url: string): void => {
    if (!isOurs(url)) event.preventDefault();
  };
  contents.on('will-navigate', refuse);
  contents.on('will-redirect', refuse);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function secureSession(pages: Session): void {
  pages.setPermissionRequestHandler((_contents, permission, decide, { requestingUrl }) =>
    decide(isGranted(permission, requestingUrl)),
  );
  pages.setPermissionCheckHandler((_contents, permission, origin) => isGranted(permission, origin));
  pages.setDevicePermissionHandler(() => false);
  pages.on('will-download', (event, item) => {
    // The page saves what it made itself; nothing else is loaded.
    if (!item.getURL().startsWith(`blob:${ORIGIN}/`)) event.preventDefault();
  });
}

function servePages(pages: Session): void {
  const files = new StaticFiles(rendererFolder());
  pages.protocol.handle(SCHEME, (request) => {
    const url = new URL(request.url);
    if (url.host !== 'window' || request.method !== 'GET') return new Response('', { status: 403 });
    const file = files.get(decodeURIComponent(url.pathname));
    if (file === undefined) return new Response('not found', { status: 404 });
    return new Response(new Uint8Array(file.body), {
      headers: {
        'Content-Type': file.type,
        'Content-Security-Policy': policy,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      },
    });
  });
}
