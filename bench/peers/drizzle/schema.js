// The tables as Drizzle sees them. Times stay text: a Date would lose the microseconds.
import { bigint, customType, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";

const time = (name) => timestamp(name, { withTimezone: true, precision: 6, mode: "string" });
const bytea = customType({ dataType: () => "bytea" });

export const chats = pgTable("chats", {
  id: uuid("id").primaryKey(),
  type: text("type").notNull(),
  eventId: uuid("event_id"),
  groupId: uuid("group_id"),
  name: text("name"),
  createdAt: time("created_at").notNull(),
  lastMessageAt: time("last_message_at"),
  rev: bigint("rev", { mode: "number" }).notNull(),
  topicVersion: integer("topic_version").notNull(),
  directLow: uuid("direct_low"),
  directHigh: uuid("direct_high"),
});

export const participants = pgTable("chat_participants", {
  chatId: uuid("chat_id").notNull(),
  userId: uuid("user_id").notNull(),
  joinedAt: time("joined_at").notNull(),
  leftAt: time("left_at"),
  historyFrom: time("history_from").notNull(),
  historyRev: bigint("history_rev", { mode: "number" }).notNull(),
});

export const messages = pgTable("messages", {
  id: uuid("id").primaryKey().defaultRandom(),
  chatId: uuid("chat_id").notNull(),
  senderId: uuid("sender_id").notNull(),
  text: text("text"),
  attachmentPath: text("attachment_path"),
  attachmentFileName: text("attachment_file_name"),
  attachmentContentType: text("attachment_content_type"),
  attachmentSize: bigint("attachment_size", { mode: "number" }),
  attachmentWidth: integer("attachment_width"),
  attachmentHeight: integer("attachment_height"),
  clientId: uuid("client_id"),
  replyToId: uuid("reply_to_id"),
  mentions: uuid("mentions").array().notNull(),
  reactions: jsonb("reactions").notNull(),
  rev: bigint("rev", { mode: "number" }).notNull(),
  createdAt: time("created_at").notNull(),
  editedAt: time("edited_at"),
  deletedAt: time("deleted_at"),
  deletedBy: uuid("deleted_by"),
});

export const sends = pgTable("sends", {
  clientId: uuid("client_id").notNull(),
  senderId: uuid("sender_id").notNull(),
  chatId: uuid("chat_id").notNull(),
  messageId: uuid("message_id").notNull(),
  digest: bytea("digest").notNull(),
});
