//! Rate limits at the edge: how often one user may do something. The platform counts.
//!
//! A limit is a rate-limiting binding of the Worker. The binding has the number and the period, but the
//! code cannot read them. So the period is part of the binding's name, as in `SEND_LIMIT_10S`, and
//! `Retry-After` is taken from it; `cargo xtask build` refuses a binding whose name and period differ. A
//! missing binding limits nothing, and a binding that fails lets the request pass, because these limits
//! only protect the service. The database has eight limits of its own, in `chat.rate_limits`.

use uuid::Uuid;

use crate::error::ApiError;
use crate::runtime::platform::{Charge, within};
use crate::runtime::request_log::Scope;

/// How long a limiter may take before it counts as failed. It runs in the same place as the function.
const PATIENCE_MS: u64 = 1_000;

/// What is counted, for each user separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Every request with a valid token. The functions count them together.
    Requests,
    /// Every attempt to send a message.
    Sends,
    /// Every attempt to open a chat.
    Openings,
    /// Every search.
    Searches,
}

impl Limit {
    /// The bindings and their periods in seconds. The platform has no other periods. The longer one
    /// comes first, so that its period is told if both refuse.
    const fn bindings(self) -> [(&'static str, u32); 2] {
        match self {
            Limit::Requests => [("REQUEST_LIMIT_60S", 60), ("REQUEST_LIMIT_10S", 10)],
            Limit::Sends => [("SEND_LIMIT_60S", 60), ("SEND_LIMIT_10S", 10)],
            Limit::Openings => [("OPEN_LIMIT_60S", 60), ("OPEN_LIMIT_10S", 10)],
            Limit::Searches => [("SEARCH_LIMIT_60S", 60), ("SEARCH_LIMIT_10S", 10)],
        }
    }

    /// Counts one action of a user.
    ///
    /// # Errors
    /// `rate_limited` if the action is over the limit. The client is told to wait for a whole period:
    /// after it, the window in which this action was counted has ended.
    pub async fn charge(self, user: Uuid, scope: &Scope<'_>) -> Result<(), ApiError> {
        let user = user.to_string();
        for (binding, seconds) in self.bindings() {
            let charge = scope.platform.charge(binding, &user);
            match within(scope.platform, PATIENCE_MS, charge).await {
                Some(Charge::Allowed) => {}
                Some(Charge::Refused) => return Err(ApiError::rate_limited(seconds, binding)),
                Some(Charge::Failed) | None => scope.trace.limiter_failed(),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::input::ids;
    use crate::testing::TestPlatform;

    const ALICE: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    const BOB: &str = "1b5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

    fn refused(seconds: u32, binding: &str) -> Result<(), ApiError> {
        Err(ApiError::rate_limited(seconds, binding))
    }

    async fn charge(limit: Limit, user: &str, platform: &TestPlatform) -> Result<(), ApiError> {
        let scope = Scope::new(platform);
        limit.charge(ids::parse(user).unwrap(), &scope).await
    }

    #[tokio::test]
    async fn each_user_has_a_limit_of_their_own() {
        let platform = TestPlatform::default();
        platform.limit("SEND_LIMIT_10S", 2);
        for _ in 0..2 {
            assert_eq!(charge(Limit::Sends, ALICE, &platform).await, Ok(()));
        }
        let answer = charge(Limit::Sends, ALICE, &platform).await;
        assert_eq!(answer, refused(10, "SEND_LIMIT_10S"));
        assert_eq!(answer.unwrap_err().code, ErrorCode::RateLimited);
        assert_eq!(charge(Limit::Sends, BOB, &platform).await, Ok(()));
        assert_eq!(charge(Limit::Requests, ALICE, &platform).await, Ok(()));
        assert_eq!(charge(Limit::Openings, ALICE, &platform).await, Ok(()));
    }

    #[tokio::test]
    async fn the_period_is_in_the_name() {
        for (limit, binding, seconds) in [
            (Limit::Requests, "REQUEST_LIMIT_10S", 10),
            (Limit::Requests, "REQUEST_LIMIT_60S", 60),
            (Limit::Sends, "SEND_LIMIT_60S", 60),
            (Limit::Openings, "OPEN_LIMIT_10S", 10),
            (Limit::Openings, "OPEN_LIMIT_60S", 60),
            (Limit::Searches, "SEARCH_LIMIT_10S", 10),
            (Limit::Searches, "SEARCH_LIMIT_60S", 60),
        ] {
            let platform = TestPlatform::default();
            platform.limit(binding, 0);
            let answer = charge(limit, ALICE, &platform).await;
            assert_eq!(answer, refused(seconds, binding));
        }
    }

    #[tokio::test]
    async fn if_both_limits_refuse_the_longer_period_is_told() {
        let platform = TestPlatform::default();
        platform.limit("SEND_LIMIT_10S", 0);
        platform.limit("SEND_LIMIT_60S", 0);
        let answer = charge(Limit::Sends, ALICE, &platform).await;
        assert_eq!(answer, refused(60, "SEND_LIMIT_60S"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limiter_that_fails_or_hangs_lets_the_request_pass() {
        for (name, charge) in [
            ("SEND_LIMIT_10S", Some(Charge::Failed)),
            ("SEND_LIMIT_60S", None),
        ] {
            let platform = TestPlatform::default();
            platform.broken_limiter(name, charge);
            let scope = Scope::new(&platform);
            let user = ids::parse(ALICE).unwrap();
            assert_eq!(Limit::Sends.charge(user, &scope).await, Ok(()));
            assert!(scope.trace.has_failed_limiter());
            assert_eq!(Limit::Openings.charge(user, &scope).await, Ok(()));
        }
    }
}
