/** Locks by name, across all windows of the app. `navigator.locks` fits as it is. */
export interface Locks {
  /** Runs while it holds the lock. With `ifAvailable` it runs at once, without the lock (null) if another holds it. */
  request<T>(name: string, options: { ifAvailable?: boolean; signal?: AbortSignal }, run: (lock: unknown) => Promise<T>): Promise<T>;
}

const held = new Map<string, Promise<unknown>>();

/** Where there is one window only, as in React Native: locks of this program. */
export const programLocks: Locks = {
  async request(name, { ifAvailable, signal }, run) {
    const before = held.get(name);
    if (before && ifAvailable) return run(null);
    const result = (async () => {
      await before;
      if (signal?.aborted) throw new Error("the wait for a lock was aborted");
      return run({});
    })();
    const end = result.then(() => {}, () => {}).then(() => void (held.get(name) === end && held.delete(name)));
    held.set(name, end);
    return result;
  },
};
