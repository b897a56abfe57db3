export { createTestChat } from "./test-chat.ts";
export type {
  TestChat, TestChatInit, TestChatOptions, TestError, TestFault, TestMessageInit, TestPerson, TestRequest,
} from "./types.ts";
