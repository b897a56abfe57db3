//! The example host's own side: drafts, groups, and statuses that flip. For the tests that are about it;
//! those of the chat run on other hosts too.

use crate::{fixtures::ids, person::Person, stack::Stack};
use uuid::Uuid;

impl Stack {
    /// Asks for a friendship, which is not one yet.
    pub async fn ask_friendship(&self, asking: &Person, asked: &Person) {
        self.execute(
            "insert into example_host.friendships (user_low, user_high, status, requested_by)
             values (least($1::uuid, $2::uuid), greatest($1::uuid, $2::uuid), 'pending', $1)",
            &[&asking.id, &asked.id],
        )
        .await;
    }

    /// A draft event with these authors, created by the first.
    pub async fn draft(&self, title: &str, authors: &[&Person]) -> Uuid {
        let sql = "select chat_tests.draft_event($1, $2)";
        self.value(sql, &[&title, &ids(authors)]).await
    }

    /// Publishes an event, with everything that comes with it.
    pub async fn publish(&self, event: Uuid) {
        self.set_event_status(event, "published").await;
    }

    /// Sets an event's status.
    pub async fn set_event_status(&self, event: Uuid, status: &str) {
        let sql = format!("update example_host.events set status = '{status}' where id = $1");
        assert_eq!(self.execute(&sql, &[&event]).await, 1);
    }

    /// A pending group of an event.
    pub async fn group(&self, event: Uuid, name: &str, members: &[&Person]) -> Uuid {
        let sql = "select chat_tests.draft_group($1, $2, $3)";
        self.value(sql, &[&event, &name, &ids(members)]).await
    }

    /// Approves a group, with everything that comes with it.
    pub async fn approve(&self, group: Uuid) {
        self.set_group_status(group, "approved").await;
    }

    /// Sets a group's status.
    pub async fn set_group_status(&self, group: Uuid, status: &str) {
        let sql = format!("update example_host.event_groups set status = '{status}' where id = $1");
        assert_eq!(self.execute(&sql, &[&group]).await, 1);
    }
}
