/**
 * Who may talk to the server: a one-time token from the command line becomes a session, whose key the browser keeps in a cookie
 * that no script can read and no other site can send. Keys live as long as the server.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const MAX_TOKENS = 32;
const TOKEN_LIFE_MS = 12 * 3600_000;

export class Sessions {
  private readonly cookieName: string;
  private tokens: { digest: Buffer; expiresAt: number }[] = [];
  private readonly keys: Buffer[] = [];

  /** Cookies don't know ports: servers of one computer need names of their own. */
  constructor(port: number) {
    this.cookieName = `elfdeck-${port}`;
  }

  createToken(): string {
    const token = randomBytes(32).toString('base64url');
    this.tokens.push({ digest: digest(token), expiresAt: Date.now() + TOKEN_LIFE_MS });
    if (this.tokens.length > MAX_TOKENS) this.tokens.shift();
    return token;
  }

  /** The Set-Cookie header of a new session; undefined when the token is wrong, old or used. */
  redeem(token: string): string | undefined {
    const given = digest(token);
    const now = Date.now();
    const index = this.tokens.findIndex((known) => timingSafeEqual(known.digest, given) && known.expiresAt > now);
    if (index === -1) return undefined;
    this.tokens.splice(index, 1);
    const key = randomBytes(32).toString('base64url');
    this.keys.push(digest(key));
    return `${this.cookieName}=${key}; HttpOnly; SameSite=Strict; Path=/`;
  }

  isKnown(cookies: string | undefined): boolean {
    const keys = (cookies ?? '').split(';').map((cookie) => cookie.trim().split('='));
    return keys.some(([name, key = '']) => {
      if (name !== this.cookieName) return false;
      const given = digest(key);
      return this.keys.some((known) => timingSafeEqual(known, given));
    });
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
