//! `cargo xtask doctor`: the doctor, asked about the database that is named or about the dev stack's.

use anyhow::{Context, Result};
use doctor::Api;

use crate::cli::DoctorArgs;
use crate::steps::Told;
use crate::{existing_supabase, paths};

/// `cargo xtask doctor [--database-url …]`
pub async fn run(args: DoctorArgs) -> Result<()> {
    let given = args.database_url.filter(|url| !url.is_empty());
    let mut stack = existing_supabase::dev_stack(given.is_some())?;
    let api = args.supabase_url.or_else(|| stack.remove("SUPABASE_URL"));
    let key = args.key.key();
    let key = key.or_else(|| stack.remove("SUPABASE_PUBLISHABLE_KEY"));
    let url = given.or_else(|| stack.remove("DATABASE_URL"));
    let url = url.context(
        "which database? Give --database-url or DATABASE_URL, or start `cargo xtask dev`",
    )?;
    if args.write_inventory {
        return doctor::write_inventory(&paths::root(), &url).await;
    }
    let api = api.as_deref().zip(key.as_deref());
    let api = api.map(|(url, key)| Api { url, key });
    match doctor::examine(&paths::root(), &url, api).await? {
        0 => println!("\nnothing is missing"),
        wrong => {
            println!("\nproblems to repair: {wrong}");
            return Err(Told.into());
        }
    }
    Ok(())
}
