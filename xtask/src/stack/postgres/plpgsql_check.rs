//! plpgsql_check, the extension behind `supabase db lint`. No npm package has it, so it comes from
//! the machine's apt sources, unpacked and not installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::programs::{self, Major};
use super::{Postgres, SUPERUSER};
use crate::processes::{Processes, Spec, command, find_program};
use crate::tools::lock_file;

/// Where extensions lie in the programs' folder.
const EXTENSIONS: &str = "share/postgresql/extension";
const CONTROL: &str = "plpgsql_check.control";

/// The package's name in Debian, Ubuntu and PGDG.
pub fn package(major: Major) -> String {
    format!("postgresql-{}-plpgsql-check", major.number())
}

/// Makes the extension in a running cluster; `false` where the machine cannot get it.
pub async fn create(postgres: &Postgres, processes: &Processes) -> Result<bool> {
    if !install(postgres.major(), processes).await? {
        return Ok(false);
    }
    // Hosted Supabase lets `postgres` make it; here only the superuser may.
    postgres
        .connect(SUPERUSER)
        .await?
        .batch_execute("create extension if not exists plpgsql_check with schema extensions")
        .await
        .context("cannot create the extension plpgsql_check")?;
    Ok(true)
}

/// Removes it from the cluster; its files stay.
pub async fn drop(postgres: &Postgres) -> Result<()> {
    let client = postgres.connect(SUPERUSER).await?;
    client
        .batch_execute("drop extension plpgsql_check")
        .await
        .context("cannot drop the extension plpgsql_check")
}

/// Adds the extension's files to the programs, once a version.
async fn install(major: Major, processes: &Processes) -> Result<bool> {
    let programs = programs::install(major)?;
    let control = programs.join(EXTENSIONS).join(CONTROL);
    if control.is_file() {
        return Ok(true);
    }
    if find_program("apt-get").is_none() || find_program("dpkg-deb").is_none() {
        return Ok(false);
    }
    let cache = programs.parent().context("the programs have a folder")?;
    let place = cache.join(package(major));
    let _one_at_a_time = lock_file(&cache.join(format!("{}.lock", package(major)))).await?;
    // Another run was faster, and a running Postgres may have the library loaded.
    if control.is_file() {
        return Ok(true);
    }
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place)?;
    let mut download = command("apt-get", ["download", &package(major)]);
    download.current_dir(&place);
    let downloaded = processes.status(Spec::new("apt-get", download)).await?;
    let archive = first_file(&place)?;
    if let Some(archive) = archive.filter(|_| downloaded.success()) {
        let unpack = command(
            "dpkg-deb",
            ["-x".as_ref(), archive.as_os_str(), place.as_os_str()],
        );
        processes.run(Spec::new("dpkg-deb", unpack)).await?;
        copy(&place, &programs, major)?;
    }
    fs::remove_dir_all(&place)?;
    Ok(control.is_file())
}

fn first_file(folder: &Path) -> Result<Option<PathBuf>> {
    let first = fs::read_dir(folder)?.next().transpose()?;
    Ok(first.map(|entry| entry.path()))
}

/// The control file last: where it is, the rest is.
fn copy(from: &Path, programs: &Path, major: Major) -> Result<()> {
    let library = format!("usr/lib/postgresql/{}/lib", major.number());
    let library = from.join(library).join("plpgsql_check.so");
    fs::copy(library, programs.join("lib/postgresql/plpgsql_check.so"))?;
    let share = format!("usr/share/postgresql/{}/extension", major.number());
    let extensions = programs.join(EXTENSIONS);
    let mut files: Vec<_> = fs::read_dir(from.join(share))?.collect::<Result<_, _>>()?;
    files.sort_by_key(|file| file.file_name() == CONTROL);
    for file in files {
        fs::copy(file.path(), extensions.join(file.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_package_are_put_among_the_programs() {
        let dir = tempfile::tempdir().unwrap();
        let (package, programs) = (dir.path().join("package"), dir.path().join("programs"));
        let files = [
            ("usr/lib/postgresql/15/lib", "plpgsql_check.so"),
            (
                "usr/share/postgresql/15/extension",
                "plpgsql_check--2.3.sql",
            ),
            ("usr/share/postgresql/15/extension", CONTROL),
        ];
        for (folder, file) in files {
            fs::create_dir_all(package.join(folder)).unwrap();
            fs::write(package.join(folder).join(file), file).unwrap();
        }
        fs::create_dir_all(programs.join("lib/postgresql")).unwrap();
        fs::create_dir_all(programs.join(EXTENSIONS)).unwrap();
        copy(&package, &programs, Major::Fifteen).unwrap();
        for file in ["plpgsql_check--2.3.sql", CONTROL] {
            assert!(programs.join(EXTENSIONS).join(file).is_file(), "{file}");
        }
        assert!(programs.join("lib/postgresql/plpgsql_check.so").is_file());
    }
}
