"use client";
import { createContext, createElement, useContext, useEffect, type ReactElement, type ReactNode } from "react";
import type { ChatClient } from "../types.ts";

const Context = createContext<ChatClient | undefined>(undefined);

/** How many mounted providers each client has: two roots may share one. */
const providers = new WeakMap<ChatClient, number>();

export interface ChatProviderProps {
  /** Made once, outside of components. */
  client: ChatClient;
  children?: ReactNode;
}

/** Gives the client to the hooks below it. It starts the client when it mounts, and stops it when it unmounts. */
export function ChatProvider({ client, children }: ChatProviderProps): ReactElement {
  useEffect(() => {
    const count = providers.get(client) ?? 0;
    providers.set(client, count + 1);
    client.start();
    return () => {
      const left = (providers.get(client) ?? 1) - 1;
      providers.set(client, left);
      if (left === 0) client.stop();
    };
  }, [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest `ChatProvider`. */
export function useChatClient(): ChatClient {
  const client = useContext(Context);
  if (!client) throw new Error("the chat's hooks work below a <ChatProvider> only");
  return client;
}
