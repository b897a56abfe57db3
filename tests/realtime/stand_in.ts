// What only the embedded stack's stand-in can be asked: short tokens, broken frames, and misbehaviour.
import { deepStrictEqual, match, ok } from "node:assert";
import { randomBytes } from "node:crypto";
import { closeSockets, device, hear, listen, openRoom, pause, rawSocket, signUps, sql, tell, token, until, type Message, type Stories, type User } from "./world.ts";

const SILENCE = 1000;
const send = ({ api }: User, chatId: string, text: string) => api<Message>("POST", `/chats/${chatId}/messages`, { text });

export const standIn: Stories = {
  async a_channel_ends_with_its_token() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const phone = device();
    await phone.realtime.setAuth(token(alice!.id, 3));
    const ear = hear(phone, `chat:${chatId}`, { private: true });
    await until("the join", () => ear.status === "SUBSCRIBED");
    await until("the end", () => ear.status === "CLOSED");
    match(ear.system[0]!.message, /^Token has expired \d+ seconds ago$/);
    await send(author!, chatId, "too late");
    await pause(SILENCE);
    deepStrictEqual(ear.heard, []);
  },

  async bad_tokens_are_refused() {
    await tell({ refusalDelayMs: 0 });
    const [alice] = await signUps(1);
    const cases: [string, RegExp][] = [
      [token(alice!.id, -5), /Token has expired/],
      [token(alice!.id, 60, "another secret"), /Failed to validate JWT signature/],
      ["nonsense", /not a valid JWT/],
    ];
    for (const [bad, reason] of cases) {
      const socket = await rawSocket();
      const [, , , , { status, response }] = await ask(socket, `user:${alice!.id}`, { config: { private: true }, access_token: bad });
      deepStrictEqual(status, "error");
      match(response.reason, reason);
      socket.close();
    }
    await tell({});
  },

  async both_serializers_join_hear_and_say_the_same() {
    for (const vsn of ["1.0.0", "2.0.0"]) {
      const [author, alice] = await signUps(2);
      const { chatId } = await openRoom(author!, [alice!]);
      const phone = device({ vsn });
      await phone.realtime.setAuth(token(alice!.id, 600));
      const ear = hear(phone, `chat:${chatId}`, { private: true, broadcast: { replication_ready: true } });
      await until("an answer", () => ear.status !== "");
      deepStrictEqual([ear.status, await ear.channel.track({ here: true })], ["SUBSCRIBED", "ok"], vsn);
      await send(author!, chatId, vsn);
      await until("the message", () => ear.heard.some(({ payload }) => payload.message?.text === vsn));
      deepStrictEqual(ear.system.map(({ status }) => status), ["ok"]);
    }
  },

  async clients_of_public_channels_hear_each_other() {
    const [alice, bob] = [device(), device()];
    const [ear, mouth] = [hear(alice, "lobby", {}), hear(bob, "lobby", { broadcast: { ack: true } })];
    await until("both joins", () => ear.status === "SUBSCRIBED" && mouth.status === "SUBSCRIBED");
    deepStrictEqual(await mouth.channel.send({ type: "broadcast", event: "wave", payload: { hand: "left" } }), "ok");
    await until("the wave", () => ear.heard.length > 0);
    deepStrictEqual([ear.heard, mouth.heard], [[{ event: "wave", payload: { hand: "left" } }], []]);
  },

  async public_channels_are_refused_where_the_project_says_so() {
    await tell({ privateOnly: true, refusalDelayMs: 0 });
    const ear = hear(device(), "lobby", {});
    await until("the refusal", () => ear.status === "CHANNEL_ERROR");
    match(ear.error!, /This project only allows private channels/);
    await tell({});
  },

  async a_refused_join_keeps_its_socket_waiting() {
    const [alice] = await signUps(1);
    await tell({ refusalDelayMs: 1500 });
    await alice!.supabase.realtime.setAuth();
    const begun = Date.now();
    const refused = hear(alice!.supabase, "chat:nonsense", { private: true });
    const allowed = hear(alice!.supabase, `user:${alice!.id}`, { private: true });
    await until("the second join", () => allowed.status === "SUBSCRIBED");
    ok(Date.now() - begun >= 1500 && refused.statuses[0] === "CHANNEL_ERROR");
    await tell({});
  },

  async garbage_ends_its_own_connection_alone() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    const garbage: (string | Buffer)[] = ["", "garbage", "[]", "{}", "[1,2,3,4]", '["1","1",null,"phx_join",{}]', "[".repeat(100_000),
      '["1","1","realtime:x","phx_join"', randomBytes(50), Buffer.from([3]), Buffer.from([3, 255, 255, 255, 255, 255, 1]), "x".repeat(3_500_000)];
    for (const version of ["1.0.0", "2.0.0"]) {
      for (const frame of garbage) {
        const socket = await rawSocket(version);
        const ended = new Promise((resolve) => socket.once("close", resolve).once("error", () => {}));
        socket.send(frame);
        await ended;
      }
    }
    // Frames that can be read, and mean nothing.
    const socket = await rawSocket();
    const strange: unknown[][] = [
      ["1", "1", "realtime:", "phx_join", {}], ["1", "2", "other", "phx_join", {}], ["1", "3", "realtime:lobby", "phx_join", null],
      ["1", "4", "realtime:lobby", "phx_join", { config: { postgres_changes: [null, 1, {}], presence: 7, broadcast: "x" }, access_token: 7 }],
      ["1", "5", "realtime:lobby", "broadcast", null], ["1", "6", "realtime:lobby", "presence", [1]], ["1", "7", "realtime:lobby", "access_token", {}],
      ["1", "8", "realtime:lobby", "unheard of", {}], ["1", "9", "realtime:none", "phx_leave", {}], [1, 10, "phoenix", "heartbeat", {}],
    ];
    await tell({ refusalDelayMs: 0 });
    const answered = new Set<string>();
    socket.on("message", (text) => answered.add(JSON.parse(text.toString())[1]));
    strange.forEach((frame) => socket.send(JSON.stringify(frame)));
    await until("an answer to the last", () => answered.has("10"));
    await tell({});
    await send(author!, chatId, "still there?");
    await until("the message", () => ear.heard.length === 1);
  },

  async a_slow_reader_is_cut_off_and_holds_up_nobody() {
    const slow = await rawSocket();
    await ask(slow, "flood", { config: {} });
    const quick = hear(device(), "flood", {});
    await until("the join", () => quick.status === "SUBSCRIBED");
    slow.pause();
    // More than the sockets of both sides hold, and the 1,000 frames that may wait in the server.
    const COUNT = 3000;
    const text = "x".repeat(15_000);
    for (let first = 0; first < COUNT; first += 100) {
      await sql`select realtime.send(jsonb_build_object('n', n, 'text', ${text}::text), 'flood', 'flood', false)
        from generate_series(${first}::int, ${first + 99}::int) as n`;
    }
    await until("all of them elsewhere", () => quick.heard.length === COUNT);
    deepStrictEqual(quick.heard.map(({ payload }) => payload.n), Array.from({ length: COUNT }, (_, n) => n));
    let received = 0;
    slow.on("message", () => received++);
    const ended = new Promise((resolve) => slow.once("close", resolve));
    slow.resume();
    await ended;
    ok(received < COUNT, `${received} frames had waited`);
  },

  async a_share_of_broadcasts_can_be_lost() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    await tell({ dropShare: 0.5 });
    for (let n = 0; n < 10; n++) await send(author!, chatId, `${n}`);
    await pause(SILENCE);
    await tell({});
    // Deliveries to others on the stack count too.
    ok(ear.heard.length > 0 && ear.heard.length < 10, `${ear.heard.length} of 10 arrived`);
    const before = ear.heard.length;
    await send(author!, chatId, "the last");
    await until("the last", () => ear.heard.length === before + 1);
  },

  async joins_can_be_late() {
    const [alice] = await signUps(1);
    await tell({ joinDelayMs: 1500 });
    const begun = Date.now();
    deepStrictEqual((await listen(alice!, `user:${alice!.id}`)).status, "SUBSCRIBED");
    ok(Date.now() - begun >= 1500);
    await tell({});
  },

  async closed_sockets_come_back_with_their_channels() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    await closeSockets();
    await until("the second join", () => ear.statuses.join() === "SUBSCRIBED,CHANNEL_ERROR,SUBSCRIBED");
    await send(author!, chatId, "again");
    await until("the message", () => ear.heard.length === 1);
  },

  async it_can_be_absent_and_come_back() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    await tell({ absent: true });
    await closeSockets();
    await alice!.supabase.realtime.setAuth();
    const ear = hear(alice!.supabase, `chat:${chatId}`, { private: true });
    await pause(SILENCE);
    ok(!ear.statuses.includes("SUBSCRIBED"));
    await tell({});
    await until("the join", () => ear.status === "SUBSCRIBED");
    await send(author!, chatId, "back");
    await until("the message", () => ear.heard.length === 1);
  },

  async only_the_service_key_commands_it() {
    deepStrictEqual(await tell({ absent: true }, process.env.REALTIME_PUBLISHABLE_KEY), 403);
    deepStrictEqual(await tell({ absent: true }, "nonsense"), 401);
    deepStrictEqual([await tell({ unheardOf: 1 }), await tell({})], [400, 204]);
  },

  async a_broadcast_is_quick() {
    const [author, alice] = await signUps(2);
    const { chatId } = await openRoom(author!, [alice!]);
    const ear = await listen(alice!, `chat:${chatId}`);
    const measure = async (write: (n: number) => Promise<unknown>) => {
      const [whole, after]: [number[], number[]] = [[], []];
      for (let n = 0; n < 200; n++) {
        const [begun, before] = [performance.now(), ear.heard.length];
        let arrived = 0;
        const arrival = until("the message", () => {
          if (ear.heard.length > before) arrived = performance.now();
          return arrived > 0;
        }, 0);
        await write(n);
        const answered = performance.now();
        await arrival;
        whole.push(arrived - begun);
        after.push(arrived - answered);
      }
      return [whole, after].map((times) => {
        times.sort((a, b) => a - b);
        return { p50: times[99]!, p99: times[197]! };
      }) as [Figures, Figures];
    };
    const say = (what: string, { p50, p99 }: Figures) => console.log(`${what}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    const [bySending, afterAnswer] = await measure((n) => send(author!, chatId, `${n}`));
    say("from the request that sends a message to its broadcast", bySending);
    say("from the answer to that request", afterAnswer);
    const [bySql] = await measure((n) => sql`select realtime.send(${sql.json({ n })}, 'measured', ${`chat:${chatId}`})`);
    say("from realtime.send to its broadcast", bySql);
    ok(afterAnswer.p50 < 100 && bySql.p50 < 100);
  },
};

interface Figures {
  p50: number;
  p99: number;
}

/** Joins without supabase-js, and waits for the answer. */
async function ask(socket: Awaited<ReturnType<typeof rawSocket>>, topic: string, payload: object): Promise<any> {
  const answer = new Promise((resolve) => socket.once("message", (text) => resolve(JSON.parse(text.toString()))));
  socket.send(JSON.stringify(["1", "1", `realtime:${topic}`, "phx_join", payload]));
  return answer;
}
