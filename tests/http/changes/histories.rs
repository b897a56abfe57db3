//! Completeness: whatever happens in a chat, and in whatever pieces a client asks for it, the feed
//! leaves the client with exactly what `GET /chats/:id/messages` shows its reader.

use super::{random::Random, replica::Replica};
use futures_util::{FutureExt, StreamExt, future::join_all, join, stream};
use harness::{Message, Person, Stack, changes_path};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};
use uuid::Uuid;

/// How many things happen in a history.
const ACTIONS: usize = 20;
const EMOJI: [&str; 3] = ["👍", "🎉", "party_parrot"];
/// Histories that run side by side.
const AT_ONCE: usize = 6;

#[tokio::test]
async fn a_client_of_a_direct_chat_ends_with_what_the_chat_shows() {
    replay(1..=100, Kind::Direct).await;
}

#[tokio::test]
async fn a_client_of_a_group_ends_with_what_the_chat_shows() {
    replay(101..=200, Kind::Group).await;
}

/// Runs the history of each seed; one that fails tells its seed.
async fn replay(seeds: std::ops::RangeInclusive<u64>, kind: Kind) {
    let stack = &Stack::connect().await;
    stream::iter(seeds)
        .for_each_concurrent(AT_ONCE, |seed| async move {
            let history = AssertUnwindSafe(history(stack, seed, kind)).catch_unwind();
            if let Err(failure) = history.await {
                let text = failure.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| failure.downcast_ref::<&str>().copied());
                panic!("{kind:?}, seed {seed}: {}", text.unwrap_or("no message"));
            }
        })
        .await;
}

async fn history(stack: &Stack, seed: u64, kind: Kind) {
    let mut random = Random::new(seed);
    let mut story = Story::begin(stack, kind).await;
    for _ in 0..ACTIONS {
        story.act(&mut random).await;
        story.read(&mut random).await;
    }
    for reader in 0..story.replicas.len() {
        story.verify(reader, &mut random).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Two people; who leaves comes back without the history, by themselves or by a message.
    Direct,
    /// An author and two members; who leaves is brought back by the host application.
    Group,
}

/// Someone in the chat.
struct Actor {
    person: Person,
    /// The same person with the moderator's role in the token, or as the event's author.
    moderator: Option<Person>,
    present: bool,
    /// How many messages had been sent where this actor's history begins.
    history_from: usize,
}

/// A message that was sent.
struct Said {
    id: Uuid,
    sender: usize,
    deleted: bool,
    /// What it said at one time or another.
    texts: Vec<String>,
}

/// A chat, and what the test knows of it from its own doings alone.
struct Story<'s> {
    stack: &'s Stack,
    chat: Uuid,
    kind: Kind,
    /// Event and group of a group's chat.
    source: Option<(Uuid, Uuid)>,
    actors: Vec<Actor>,
    said: Vec<Said>,
    /// The message that took each rev: the first took rev 1.
    revs: Vec<Uuid>,
    /// The message, by its place in `said`, the actor and the emoji, by its place in `EMOJI`.
    reactions: BTreeSet<(usize, usize, usize)>,
    /// Each client, with the actor who reads by it.
    replicas: Vec<(usize, Replica)>,
}

impl<'s> Story<'s> {
    async fn begin(stack: &'s Stack, kind: Kind) -> Story<'s> {
        let [alice, bob, author] = stack.people().await;
        let (chat, source, people) = match kind {
            Kind::Direct => (
                stack.direct_chat(&alice, &bob).await,
                None,
                vec![alice, bob],
            ),
            Kind::Group => {
                let (room, chat) = stack.room(&author, &[&alice, &bob]).await;
                let event = stack.event_of(room).await;
                (chat, Some((event, room)), vec![alice, bob, author])
            }
        };
        let by_role = people[0].as_moderator(&stack.edge());
        let mut replicas = vec![(0, Replica::new(by_role.clone(), true, chat))];
        for (actor, person) in people.iter().enumerate() {
            // The author, who comes after the members, moderates without the role.
            replicas.push((actor, Replica::new(person.clone(), actor == 2, chat)));
        }
        let actors = people.into_iter().enumerate().map(|(actor, person)| Actor {
            moderator: match actor {
                0 => Some(by_role.clone()),
                2 => Some(person.clone()),
                _ => None,
            },
            person,
            present: true,
            history_from: 0,
        });
        Story {
            stack,
            chat,
            kind,
            source,
            actors: actors.collect(),
            said: Vec::new(),
            revs: Vec::new(),
            reactions: BTreeSet::new(),
            replicas,
        }
    }

    /// Something happens in the chat.
    async fn act(&mut self, random: &mut Random) {
        let actor = random.below(self.actors.len());
        match random.below(100) {
            _ if !self.actors[actor].present => self.come_back(actor).await,
            0..20 => self.send(actor, None, random).await,
            20..35 => self.reply(actor, random).await,
            35..50 => self.edit(actor, random).await,
            50..70 => self.react(actor, random).await,
            70..85 => self.delete(actor, random).await,
            _ => self.leave(actor).await,
        }
    }

    /// Sends a message, which may mention anybody who takes part.
    async fn send(&mut self, actor: usize, reply_to: Option<Uuid>, random: &mut Random) {
        let text = format!("<message {}>", self.said.len());
        let mentions: Vec<Uuid> = self
            .actors
            .iter()
            .filter(|other| other.present && random.percent(30))
            .map(|other| other.person.id)
            .collect();
        let body = json!({ "text": text, "replyToId": reply_to, "mentions": mentions });
        let sent = self.actors[actor].person.try_send(self.chat, &body).await;
        let sent = Message::read(&sent.created());
        self.took_rev(sent.id, sent.rev);
        self.said.push(Said {
            id: sent.id,
            sender: actor,
            deleted: false,
            texts: vec![text],
        });
        if self.kind == Kind::Direct {
            for other in &mut self.actors {
                other.present = true;
            }
        }
    }

    async fn reply(&mut self, actor: usize, random: &mut Random) {
        let open = self.visible(actor, |said| !said.deleted);
        let Some(&index) = random.pick(&open) else {
            return;
        };
        let original = self.said[index].id;
        self.send(actor, Some(original), random).await;
    }

    /// Reacts, or takes the reaction back, at times one that is not there, which takes no rev.
    async fn react(&mut self, actor: usize, random: &mut Random) {
        let open = self.visible(actor, |said| !said.deleted);
        let Some(&index) = random.pick(&open) else {
            return;
        };
        let emoji = random.below(EMOJI.len());
        let reaction = (index, actor, emoji);
        let said = self.said[index].id;
        let person = &self.actors[actor].person;
        let (changed, is_new) = match random.percent(60) {
            true => {
                let reacted = person.react(self.chat, said, EMOJI[emoji]).await;
                (reacted, self.reactions.insert(reaction))
            }
            false => {
                let taken = person.take_back(self.chat, said, EMOJI[emoji]).await;
                (taken, self.reactions.remove(&reaction))
            }
        };
        if is_new {
            self.took_rev(said, changed.rev);
        }
        let mine: BTreeSet<usize> = (0..EMOJI.len())
            .filter(|emoji| self.reactions.contains(&(index, actor, *emoji)))
            .collect();
        let told: BTreeSet<usize> = (0..EMOJI.len())
            .filter(|emoji| {
                let of_emoji = |one: &&harness::Reaction| one.emoji == EMOJI[*emoji];
                changed
                    .reactions
                    .iter()
                    .find(of_emoji)
                    .is_some_and(|one| one.mine)
            })
            .collect();
        assert_eq!(told, mine);
    }

    async fn edit(&mut self, actor: usize, random: &mut Random) {
        let own = self.visible(actor, |said| said.sender == actor && !said.deleted);
        let Some(&index) = random.pick(&own) else {
            return;
        };
        let said = &mut self.said[index];
        let text = format!("<message {index}, edit {}>", said.texts.len());
        let person = &self.actors[actor].person;
        let edited = person.edit(self.chat, said.id, &text).await;
        said.texts.push(text);
        self.took_rev(edited.id, edited.rev);
    }

    /// Deletes a message, at times one that is deleted already, which takes no rev.
    async fn delete(&mut self, actor: usize, random: &mut Random) {
        let moderates = self.actors[actor].moderator.is_some();
        let deletable = self.visible(actor, |said| said.sender == actor || moderates);
        let Some(&index) = random.pick(&deletable) else {
            return;
        };
        let Actor {
            person, moderator, ..
        } = &self.actors[actor];
        let said = &mut self.said[index];
        let person = moderator.as_ref().unwrap_or(person);
        person.remove(self.chat, said.id).await;
        if !std::mem::replace(&mut said.deleted, true) {
            self.revs.push(said.id);
        }
    }

    async fn leave(&mut self, actor: usize) {
        let leaver = &mut self.actors[actor];
        leaver.person.leave(self.chat).await;
        leaver.present = false;
        if self.kind == Kind::Direct {
            leaver.history_from = self.said.len();
            for (_, replica) in self.replicas.iter_mut().filter(|(who, _)| *who == actor) {
                replica.forget();
            }
        }
    }

    async fn come_back(&mut self, actor: usize) {
        let person = &self.actors[actor].person;
        match self.source {
            None => {
                let other = self.actors[1 - actor].person.id;
                person.open(other).await.ok();
            }
            Some((event, _)) if actor == 2 => {
                self.stack.remove_author(event, person).await;
                self.stack.add_author(event, person).await;
            }
            Some((_, room)) => {
                self.stack.remove_member(room, person).await;
                self.stack.add_member(room, person).await;
            }
        }
        self.actors[actor].present = true;
    }

    /// Revs have no hole: each write takes the one after the last.
    fn took_rev(&mut self, message: Uuid, rev: i64) {
        self.revs.push(message);
        assert_eq!(rev, self.rev(), "a rev is left out or taken twice");
    }

    fn rev(&self) -> i64 {
        self.revs.len().try_into().unwrap()
    }

    /// The messages, by their places in `said`, of an actor's part of the history.
    fn visible(&self, actor: usize, wanted: impl Fn(&Said) -> bool) -> Vec<usize> {
        (self.actors[actor].history_from..self.said.len())
            .filter(|index| wanted(&self.said[*index]))
            .collect()
    }

    /// Some of the clients ask for something, each as it likes.
    async fn read(&mut self, random: &mut Random) {
        for reader in 0..self.replicas.len() {
            let (actor, replica) = &mut self.replicas[reader];
            if !self.actors[*actor].present {
                if random.percent(20) {
                    let path = format!("{}?since=0", changes_path(self.chat));
                    let answer = replica.person.get(&path).await;
                    answer.refused(403, "not_participant");
                }
                continue;
            }
            match random.below(100) {
                0..25 => self.pull(reader, false, random).await,
                25..35 => self.pull(reader, true, random).await,
                35..45 => replica.repeat(random),
                45..50 => self.verify(reader, random).await,
                _ => {}
            }
        }
    }

    /// A page of random size from where the client stands, or from anywhere before.
    async fn pull(&mut self, reader: usize, again: bool, random: &mut Random) {
        let (_, replica) = &mut self.replicas[reader];
        let since = match again {
            true => random.below(usize::try_from(replica.since).unwrap() + 1),
            false => usize::try_from(replica.since).unwrap(),
        };
        let limit = 1 + random.below(6);
        let (_, text) = replica.pull(since.try_into().unwrap(), limit).await;
        let closed = self.actors[self.replicas[reader].0].history_from;
        for before in &self.said[..closed] {
            for shown in &before.texts {
                assert!(!text.contains(shown), "{shown} is from before: {text}");
            }
        }
        let (_, replica) = &self.replicas[reader];
        if !replica.moderator {
            for gone in self.said.iter().filter(|said| said.deleted) {
                for shown in &gone.texts {
                    assert!(!text.contains(shown), "{shown} is deleted: {text}");
                }
            }
        }
    }

    /// A client that has caught up has what the chat shows, and so has one that begins anew.
    async fn verify(&mut self, reader: usize, random: &mut Random) {
        let (actor, replica) = &mut self.replicas[reader];
        if !self.actors[*actor].present {
            return;
        }
        let mut fresh = replica.anew();
        replica.catch_up(random).await;
        fresh.catch_up(random).await;
        let shown = replica.shown().await;
        assert_eq!(replica.messages(), shown, "caught up");
        assert_eq!(fresh.messages(), shown, "from 0");

        let (actor, replica) = &self.replicas[reader];
        let chat_rev = replica.person.chat(self.chat).await.rev;
        assert_eq!([replica.since, fresh.since], [chat_rev; 2]);
        assert_eq!(chat_rev, self.rev());
        self.prove_complete(*actor, replica);
        self.prove_complete(*actor, &fresh);
    }

    /// Every rev is accounted for: it is the one at which the client holds its message, or it was
    /// followed by that message's next change, or its message is closed to the reader.
    fn prove_complete(&self, actor: usize, replica: &Replica) {
        let last: BTreeMap<Uuid, i64> = self.revs.iter().copied().zip(1..).collect();
        for (index, said) in self.said.iter().enumerate() {
            let open = index >= self.actors[actor].history_from;
            let expected = open.then(|| last[&said.id]);
            assert_eq!(replica.held_at(said.id), expected, "message {index}");
        }
    }
}

#[tokio::test]
async fn pages_are_complete_while_others_send_edit_and_delete() {
    let stack = Stack::connect().await;
    let [author, alice, bob] = stack.people().await;
    let (_, chat) = stack.room(&author, &[&alice, &bob]).await;
    stack.history(chat, &bob, 200).await;
    let oldest_first: Vec<Uuid> = stack
        .value(
            "select array_agg(id order by rev) from public.messages where chat_id = $1",
            &[&chat],
        )
        .await;
    let mut replica = Replica::new(alice.clone(), false, chat);
    let mut moderating = Replica::new(author.clone(), true, chat);
    // What others do while a page is read: rows behind, in and ahead of the page change.
    for chunk in oldest_first.chunks(20).take(8) {
        let deletes = join_all([0, 9, 19].map(|row| bob.remove(chat, chunk[row])));
        let edits = join_all([1, 10, 18].map(|row| bob.edit(chat, chunk[row], "edited")));
        let (since, moderators) = (replica.since, moderating.since);
        join!(
            replica.pull(since, 20),
            moderating.pull(moderators, 20),
            deletes,
            edits,
            bob.send(chat, "new"),
        );
    }
    for replica in [&mut replica, &mut moderating] {
        replica.catch_up(&mut Random::new(1)).await;
        assert_eq!(replica.since, 200 + 8 * 7);
        assert_eq!(replica.messages(), replica.shown().await);
    }
}
