//! `cargo xtask befriend`: two people become friends in the example host, so that they can open a chat.

use anyhow::{Context, Result, bail, ensure};
use tokio_postgres::Client;

use crate::env_file::Vars;
use crate::{existing_supabase, token};

const HOST_IS_THERE: &str = "select to_regclass('example_host.friendships') is not null";
const USER: &str =
    "select id::text from auth.users where id::text = lower($1) or email = lower($1)";
/// Also where one has asked, or has blocked the other.
const BEFRIEND: &str = "
    insert into example_host.friendships as f (user_low, user_high, status, requested_by)
    values (least($1::text::uuid, $2::text::uuid), greatest($1::text::uuid, $2::text::uuid), 'accepted', $1::text::uuid)
    on conflict (user_low, user_high) do update set status = 'accepted' where f.status <> 'accepted'";

/// `cargo xtask befriend <one> <other>`
pub async fn run(one: &str, other: &str) -> Result<()> {
    let vars = existing_supabase::running()?;
    let url = vars
        .get("DATABASE_URL")
        .context("friends are rows of the database: start `dev` with --database-url")?;
    let client = existing_supabase::users_of(url).await?;
    let example: bool = client.query_one(HOST_IS_THERE, &[]).await?.get(0);
    ensure!(
        example,
        "that database has no table example_host.friendships: this command is for the example host only. \
         Make them friends as your own application does"
    );
    let (first, second) = (
        id_of(one, &client, &vars).await?,
        id_of(other, &client, &vars).await?,
    );
    ensure!(first != second, "{one} and {other} are the same person");
    let changed = client.execute(BEFRIEND, &[&first, &second]).await?;
    let already = if changed == 0 { " already" } else { "" };
    println!("{one} and {other} are{already} friends");
    Ok(())
}

/// A person's id. An unknown e-mail address is signed up first.
async fn id_of(who: &str, client: &Client, vars: &Vars) -> Result<String> {
    let find = async || client.query_opt(USER, &[&who]).await;
    if let Some(row) = find().await? {
        return Ok(row.get(0));
    }
    if !who.contains('@') {
        bail!("there is no user with the id `{who}`");
    }
    token::sign_up(vars, who).await?;
    let row = find()
        .await?
        .with_context(|| format!("{who} was signed up, and is not there"))?;
    Ok(row.get(0))
}
