// Rows as the API shows them.

/** `2026-04-01 12:30:00.00012+00`, as Postgres writes a time in UTC, as `2026-04-01T12:30:00.000120Z`. */
export function rfc3339(at) {
  if (at === null) return null;
  const [seconds, fraction = ""] = at.slice(0, -3).split(".");
  return `${seconds.replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
}

const EDIT_WINDOW_MS = 15 * 60 * 1000;

function editableUntil(createdAt) {
  const end = new Date(Date.parse(`${createdAt.slice(0, 19)}Z`) + EDIT_WINDOW_MS);
  return end.toISOString().slice(0, 19) + createdAt.slice(19);
}

const attachment = (row) => row.attachmentPath === null ? null : {
  path: row.attachmentPath, fileName: row.attachmentFileName, contentType: row.attachmentContentType, size: row.attachmentSize,
  width: row.attachmentWidth, height: row.attachmentHeight,
};

export function message(row, viewer) {
  const createdAt = rfc3339(row.createdAt);
  return {
    id: row.id, chatId: row.chatId, senderId: row.senderId, text: row.text, attachmentUrl: null,
    attachment: attachment(row), clientId: row.clientId, replyToId: row.replyToId, replyTo: row.replyTo ?? null,
    mentions: row.mentions, reactions: row.reactions.map((reaction) => ({ ...reaction, mine: reaction.userIds.includes(viewer) })), createdAt, editedAt: rfc3339(row.editedAt),
    editableUntil: row.senderId === viewer ? editableUntil(createdAt) : null, rev: row.rev,
  };
}

export const moderatedMessage = (row, viewer) => ({
  ...message(row, viewer), deletedAt: rfc3339(row.deletedAt), deletedBy: row.deletedBy,
});

export const topic = (chat) => `chat:${chat.id}${chat.topicVersion > 0 ? `:${chat.topicVersion}` : ""}`;

/** A row of the query in chats.js, whose names are the database's. */
export const chat = (row) => ({
  id: row.id, type: row.type, eventId: row.event_id, groupId: row.group_id, name: row.name,
  participants: row.type === "direct" ? [row.direct_low, row.direct_high] : row.participants,
  goneParticipants: row.gone_participants,
  createdAt: rfc3339(row.created_at), lastMessageAt: rfc3339(row.last_message_at),
  lastMessage: row.last_id === null ? null : {
    id: row.last_id, senderId: row.last_sender_id, text: row.last_text, createdAt: rfc3339(row.last_created_at),
    hasAttachment: row.last_has_attachment,
  },
  unreadCount: row.unread_count, unreadMentions: row.unread_mentions,
  settings: {
    mutedUntil: rfc3339(row.muted_until), notify: row.notify, archived: row.is_archived, pinned: row.pinned, markedUnread: row.marked_unread,
  },
  lastReadAt: rfc3339(row.last_read_at), rev: Number(row.rev),
  historyRev: Number(row.history_rev), epoch: row.epoch, topic: topic({ id: row.id, topicVersion: row.topic_version }),
});
