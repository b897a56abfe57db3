// Chats: one query for one of them and for a page, which also asks for the last message and the unread count.
import { sql } from "drizzle-orm";
import * as answers from "./answers.js";
import * as cursor from "../cursor.js";
import { db } from "./database.js";
import { requireParticipant } from "./membership.js";
import { Refusal } from "./refusal.js";

const unread = sql`(
  select count(*)::integer from (
    select from messages m
    where m.chat_id = me.chat_id and m.created_at > greatest(mark.last_read_at, me.history_from)
      and m.sender_id <> me.user_id and m.deleted_at is null
    order by m.created_at desc limit 100
  ) as unread
)`;

const unreadMentions = sql`(
  select count(*)::integer from (
    select from mentions m
    where m.chat_id = me.chat_id and m.user_id = me.user_id
      and m.created_at > greatest(mark.last_read_at, me.history_from)
    limit 100
  ) as unread
)`;

// A message of somebody else ends the archiving, unless it came while the chat was muted.
const isArchived = (settings, me) => sql`
  coalesce(${settings}.archived_to is not null and ${settings}.joined_at = ${me}.joined_at and not exists (
    select from messages m
    where m.chat_id = ${settings}.chat_id and m.created_at > greatest(${settings}.archived_to, ${settings}.muted_until)
      and m.sender_id <> ${settings}.user_id
  ), false)`;

const chosen = sql.raw("chosen");
const part = sql.raw("me");

const settings = sql`left join participant_settings chosen on chosen.chat_id = me.chat_id and chosen.user_id = me.user_id`;

const mark = sql`left join read_marks mark on mark.chat_id = me.chat_id and mark.user_id = me.user_id`;

const details = (page) => sql`
  select c.id, c.type, c.event_id, c.group_id, c.name, c.direct_low, c.direct_high, c.created_at, c.last_message_at,
    c.rev, c.topic_version, last.id as last_id, last.sender_id as last_sender_id, last.text as last_text,
    last.created_at as last_created_at, last.has_attachment as last_has_attachment, ${unread} as unread_count,
    ${unreadMentions} as unread_mentions, case when chosen.muted_until > now() then chosen.muted_until end as muted_until,
    coalesce(chosen.notify, 'all') as notify, ${isArchived(chosen, part)} as is_archived,
    coalesce(chosen.pinned and chosen.joined_at = me.joined_at, false) as pinned,
    coalesce(chosen.marked_unread and chosen.joined_at = me.joined_at, false) as marked_unread,
    mark.last_read_at, me.history_rev, (select chat.epoch()) as epoch,
    array(
      select p.user_id from chat_participants p
      where p.chat_id = c.id and p.left_at is null order by p.joined_at, p.user_id
    ) as participants,
    case c.type when 'direct' then array(
      select pair.id from unnest(array[c.direct_low, c.direct_high]) as pair (id)
      where not exists (select from auth.users u where u.id = pair.id)
    ) else '{}' end as gone_participants
  from ${page}
  ${mark}
  ${settings}
  left join lateral (
    select m.id, m.sender_id, m.text, m.created_at, m.attachment_path is not null as has_attachment from messages m
    where m.chat_id = c.id and m.created_at > me.history_from and m.deleted_at is null
    order by m.created_at desc limit 1
  ) as last on true`;

export async function list(me, limit, after) {
  const [activity, id] = after ? cursor.decode(after, "chats") : [];
  const rows = await db.execute(sql`
    with page as materialized (
      select c.id, coalesce(c.last_message_at, c.created_at) as activity
      from chat_participants me join chats c on c.id = me.chat_id
      ${settings}
      where me.user_id = ${me} and me.left_at is null and not ${isArchived(chosen, part)}
        ${after ? sql`and (coalesce(c.last_message_at, c.created_at), c.id) < (${activity}, ${id})` : sql``}
      order by activity desc, c.id desc
      limit ${limit + 1}
    )
    ${details(sql`page
      join chats c on c.id = page.id
      join chat_participants me on me.chat_id = page.id and me.user_id = ${me}`)}
    order by page.activity desc, page.id desc`);
  const data = rows.slice(0, limit).map(answers.chat);
  const last = data.at(-1);
  const nextCursor = rows.length > limit ? cursor.encode("chats", last.lastMessageAt ?? last.createdAt, last.id) : null;
  return { data, nextCursor, since: after ? null : cursor.encode("list", ...await position()) };
}

/** The oldest transaction in progress: what it and later ones change is told after this position. */
async function position() {
  const [{ epoch, from }] = await db.execute(sql`
    select chat.epoch() as epoch, pg_snapshot_xmin(pg_current_snapshot())::text as from`);
  return [epoch, from];
}

/** What has changed since a position: the one page that this server gives. */
export async function changed(me, since, limit) {
  const [epoch, from] = cursor.decode(since, "list");
  const [thisEpoch, next] = await position();
  if (epoch !== thisEpoch) throw new Refusal(410, "resync_required");
  const rows = await db.execute(sql`
    select me.chat_id, me.left_at is not null as is_gone
    from chat_participants me join chats c on c.id = me.chat_id
    ${mark}
    ${settings}
    where me.user_id = ${me} and (
      me.changed_in >= ${from}::text::xid8
      or me.left_at is null and (c.changed_in >= ${from}::text::xid8 or mark.changed_in >= ${from}::text::xid8
        or chosen.changed_in >= ${from}::text::xid8)
    )
    union all
    select gone.chat_id, true from gone_chats gone where gone.user_id = ${me} and gone.changed_in >= ${from}::text::xid8
    limit ${limit}`);
  const data = await Promise.all(rows.filter((row) => !row.is_gone).map((row) => get(me, row.chat_id)));
  return { data, gone: rows.filter((row) => row.is_gone).map((row) => row.chat_id), since: cursor.encode("list", epoch, next), hasMore: false };
}

/** The app's badge: each number ends at 100. */
export async function countUnread(me) {
  const [counts] = await db.execute(sql`
    with open as materialized (
      select me.chat_id, greatest(mark.last_read_at, me.history_from) as read_to,
        coalesce(chosen.marked_unread and chosen.joined_at = me.joined_at, false) as is_marked
      from chat_participants me join chats c on c.id = me.chat_id
      ${mark}
      ${settings}
      where me.user_id = ${me} and me.left_at is null and coalesce(chosen.muted_until <= now(), true)
        and not ${isArchived(chosen, part)}
    ),
    unread as materialized (
      select o.chat_id from open o join messages m on m.chat_id = o.chat_id and m.created_at > o.read_to
      where m.sender_id <> ${me} and m.deleted_at is null limit 100
    )
    select
      (select count(*)::integer from (
        select from open o where o.is_marked or exists (
          select from messages m
          where m.chat_id = o.chat_id and m.created_at > o.read_to and m.sender_id <> ${me} and m.deleted_at is null
        ) limit 100
      ) as counted) as chats,
      (select count(*)::integer from unread) as messages,
      (select count(*)::integer from (
        select from open o join mentions m on m.chat_id = o.chat_id and m.user_id = ${me} and m.created_at > o.read_to limit 100
      ) as counted) as mentions`);
  return counts;
}

export async function get(me, chat) {
  const [row] = await db.execute(
    details(sql`chat_participants me
      join chats c on c.id = me.chat_id and me.chat_id = ${chat} and me.user_id = ${me} and me.left_at is null`),
  );
  if (row) return answers.chat(row);
  await requireParticipant(me, chat);
  throw new Refusal(404, "chat_not_found");
}

export async function markRead(me, chatId, messageId) {
  const chat = await requireParticipant(me, chatId);
  return db.transaction(async (tx) => {
    const [found] = await tx.execute(sql`
      select created_at from messages
      where id = ${messageId} and chat_id = ${chatId} and created_at > ${chat.historyFrom}`);
    if (!found) throw new Refusal(404, "message_not_found");
    const moved = await tx.execute(sql`
      insert into read_marks as r (chat_id, user_id, last_read_at) values (${chatId}, ${me}, ${found.created_at})
      on conflict (chat_id, user_id) do update set last_read_at = excluded.last_read_at
      where r.last_read_at < excluded.last_read_at
      returning user_id`);
    const [counts] = await tx.execute(sql`
      select ${unread} as "unreadCount", ${unreadMentions} as "unreadMentions" from chat_participants me ${mark}
      where me.chat_id = ${chatId} and me.user_id = ${me}`);
    if (moved.length > 0) await announce(tx, me, chat, messageId, found.created_at, counts);
    await tx.execute(sql`
      update participant_settings set marked_unread = false where chat_id = ${chatId} and user_id = ${me} and marked_unread`);
    return counts;
  });
}

/** Tells the chat, and the reader's own devices. */
function announce(tx, me, chat, messageId, readAt, counts) {
  const read = { chatId: chat.id, userId: me, messageId, lastReadAt: answers.rfc3339(readAt) };
  const update = { chatId: chat.id, rev: chat.rev, kind: "read", ...counts };
  return tx.execute(sql`
    select realtime.send(${JSON.stringify(read)}::text::jsonb, 'chat.read', ${answers.topic(chat)}, true),
      realtime.send(${JSON.stringify(update)}::text::jsonb, 'chat.updated', ${`user:${me}`}, true)`);
}
