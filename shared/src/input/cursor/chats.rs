use std::fmt;

use uuid::Uuid;

use super::{Cursor, Epoch, Timestamp, bigint};
use crate::input::ids;

/// The end of a page of the list of chats: `chats/<last activity>/<chat>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatsCursor {
    /// When the last chat of the page was last active.
    pub activity: Timestamp,
    /// The last chat of the page. It gives an order to chats that were active at the same time.
    pub chat: Uuid,
}

impl Cursor for ChatsCursor {
    fn parse(plain: &str) -> Option<Self> {
        let (activity, chat) = plain.strip_prefix("chats/")?.split_once('/')?;
        Some(ChatsCursor {
            activity: Timestamp::parse(activity)?,
            chat: ids::parse(chat)?,
        })
    }
}

impl fmt::Display for ChatsCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "chats/{}/{}", self.activity, self.chat)
    }
}

/// A position in the changes of the list of chats: `list/<epoch>/<from>`. Within a delta of several pages it is
/// `list/<epoch>/<from>/<next>/<chat>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPosition {
    pub epoch: Epoch,
    /// The client knows what the transactions before this one have changed.
    pub from: u64,
    pub page: Option<DeltaPage>,
}

/// Where a delta of several pages goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaPage {
    /// The position at which the delta began. The next delta goes on from there.
    pub next: u64,
    /// The last chat of the page before.
    pub after: Uuid,
}

impl Cursor for ListPosition {
    fn parse(plain: &str) -> Option<Self> {
        let mut parts = plain.strip_prefix("list/")?.split('/');
        Some(ListPosition {
            epoch: Epoch::parse(parts.next()?)?,
            from: bigint(parts.next()?)?,
            page: match parts.next() {
                None => None,
                Some(next) => Some(DeltaPage {
                    next: bigint(next)?,
                    after: ids::parse(parts.next()?)?,
                }),
            },
        })
    }
}

impl fmt::Display for ListPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "list/{}/{}", self.epoch, self.from)?;
        match self.page {
            None => Ok(()),
            Some(DeltaPage { next, after }) => write!(formatter, "/{next}/{after}"),
        }
    }
}
