// A React tree on a page, as a test sees it.
import { act, createElement, StrictMode, type ReactNode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";

export interface Screen {
  readonly container: HTMLElement;
  readonly text: string;
  render(tree: ReactNode): Promise<void>;
  unmount(): Promise<void>;
}

/** Everything that React complained about: nothing, after a good test. */
export const complaints: string[] = [];
console.error = (...words: unknown[]) => void complaints.push(words.map(String).join(" ").slice(0, 300));

export async function mount(tree: ReactNode): Promise<Screen> {
  const container = document.createElement("div");
  const root = createRoot(container);
  const render = (next: ReactNode) => act(async () => root.render(createElement(StrictMode, null, next)));
  await render(tree);
  return {
    container,
    render,
    get text() {
      return container.textContent ?? "";
    },
    unmount: () => act(async () => root.unmount()),
  };
}

/** Makes a server's page alive; tells what did not fit. */
export async function hydrate(html: string, tree: ReactNode): Promise<{ container: HTMLElement; faults: string[]; unmount(): Promise<void> }> {
  const container = document.createElement("div");
  container.innerHTML = html;
  const faults: string[] = [];
  const root = await act(async () => hydrateRoot(container, tree, { onRecoverableError: (error) => faults.push(String(error)) }));
  return { container, faults, unmount: () => act(async () => root.unmount()) };
}

/** Lets something happen, and what follows from it. */
export async function after(happens: () => unknown): Promise<void> {
  await act(async () => {
    await happens();
  });
}
