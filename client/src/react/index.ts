"use client";
export { ChatProvider, useChatClient } from "./provider.ts";
export type { ChatProviderProps } from "./provider.ts";
export { useChats, useChatsError, useConnection, useFileUrl, useMe, useUnread } from "./hooks.ts";
export type { ChatsOptions } from "./hooks.ts";
export { useMentions } from "./use-mentions.ts";
export type { UsedPages } from "./pages.ts";
export { useChat } from "./use-chat.ts";
export type { ChatActions, UsedChat } from "./use-chat.ts";
