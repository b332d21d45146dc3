import type { Session } from 'node:inspector';

/** A session with this thread's own inspector, for as long as `use` runs. */
export async function withInspector<T>(use: (post: Post) => Promise<T>): Promise<T> {
  const inspector = await import('node:inspector');
  const session = new inspector.Session();
  session.connect();
  try {
    return await use(poster(session));
  } finally {
    session.disconnect();
  }
}

/** Sends a command of the DevTools protocol. */
export type Post = <T>(method: string, params?: object) => Promise<T>;

/** {@link Post} on a session. */
export function poster(session: Session): Post {
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      session.post(method, params, (error, result) => {
        if (error) reject(error);
        else resolve(result as never);
      });
    });
}
