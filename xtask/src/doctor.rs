//! `cargo xtask doctor`: the doctor, asked about the database that is named or about the dev stack's.

use anyhow::{Context, Result};
use doctor::Api;

use crate::cli::DoctorArgs;
use crate::steps::Told;
use crate::{env_file, paths};

/// `cargo xtask doctor [--database-url …]`
pub async fn run(args: DoctorArgs) -> Result<()> {
    let stack = env_file::read(&paths::dev_state().join("stack.env"))?;
    let given = args.database_url.filter(|url| !url.is_empty());
    // The dev stack says nothing of another database.
    let of_the_stack = |name: &str| stack.get(name).filter(|_| given.is_none()).cloned();
    let api = args.supabase_url.or_else(|| of_the_stack("SUPABASE_URL"));
    let key = args
        .key
        .key()
        .or_else(|| of_the_stack("SUPABASE_PUBLISHABLE_KEY"));
    let url = given.clone().or_else(|| of_the_stack("DATABASE_URL"));
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
            println!("\n{wrong} to mend");
            return Err(Told.into());
        }
    }
    Ok(())
}
