"use client";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { CLOSED } from "../chat.ts";
import type { ChatHandle, ChatSnapshot } from "../types.ts";
import { useChatClient } from "./provider.ts";

/** What can be done with a chat. The functions are the same at each render. */
export interface ChatActions extends Pick<
  ChatHandle,
  | "id" | "loadOlder" | "loadNewer" | "loadNewest" | "jumpTo" | "send" | "edit" | "remove" | "react" | "unreact" | "reactions"
  | "markRead" | "updateSettings" | "leave"
> {
  /** Tells the others that the user is typing. Call it at each key press. Never rejects. */
  sendTyping(): void;
}

/** A chat on the screen: what it shows, and what can be done with it. The same object until something changes. */
export interface UsedChat extends ChatSnapshot, ChatActions {}

/** Opens a chat while the component is mounted. Two components with one chat share it. */
export function useChat(id: string): UsedChat {
  const handle = useChatClient().chat(id);
  const snapshot = useSyncExternalStore(handle.subscribe, handle.getSnapshot, closed);
  useEffect(() => {
    handle.open();
    return () => handle.close();
  }, [handle]);
  const actions = useMemo(() => actionsOf(handle), [handle]);
  return useMemo(() => ({ ...snapshot, ...actions }), [snapshot, actions]);
}

const closed = (): ChatSnapshot => CLOSED;

function actionsOf(handle: ChatHandle): ChatActions {
  return {
    id: handle.id,
    loadOlder: () => handle.loadOlder(),
    loadNewer: () => handle.loadNewer(),
    loadNewest: () => handle.loadNewest(),
    jumpTo: (messageId) => handle.jumpTo(messageId),
    send: (message) => handle.send(message),
    edit: (messageId, text, options) => handle.edit(messageId, text, options),
    remove: (messageId) => handle.remove(messageId),
    react: (messageId, emoji) => handle.react(messageId, emoji),
    unreact: (messageId, emoji) => handle.unreact(messageId, emoji),
    reactions: (messageId, options) => handle.reactions(messageId, options),
    markRead: (messageId) => handle.markRead(messageId),
    sendTyping: () => handle.sendTyping(),
    updateSettings: (changes) => handle.updateSettings(changes),
    leave: () => handle.leave(),
  };
}
