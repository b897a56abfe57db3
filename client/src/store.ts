/** A value that changes. Both functions are bound, as React's `useSyncExternalStore` wants them. */
export interface Store<T> {
  /** The same object until something changes. */
  readonly getSnapshot: () => T;
  /** Calls the listener after each change. Returns how to stop that; calling it twice does no harm. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** The object from before if the new one says the same: who compares by identity sees no change. */
export function keep<T>(before: T | undefined, after: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

/** The list from before if it has the same items. */
export function keepList<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return before.length === after.length && before.every((item, index) => item === after[index]) ? before : after;
}

/** A store that its owner can set. */
export class Value<T> implements Store<T> {
  #value: T;
  #listeners = new Map<object, () => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    const key = {};
    this.#listeners.set(key, listener);
    return () => void this.#listeners.delete(key);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners.values()]) guarded(listener);
  }
}

/** Runs a function of the app: its error is the app's, and must not stop the client. */
export function guarded(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
