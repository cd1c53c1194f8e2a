//! Reads the packs that the history lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::store::{Facts, History, Version, items};
use super::{FOLDER, debian};
use crate::cache::{Scratch, hex};
use crate::error::Error;
use crate::generate::{Generator, say};
use crate::headers::Headers;
use crate::operand;
use crate::os_version;
use crate::pip::Index;
use crate::read;
use crate::sources::Pack;
use crate::split::Traits;
use crate::symbols::Symbol;
use crate::targets::{Os, SYSTEMS, Target, Version as Described};
use crate::write::Single;
use crate::{interrupt, windows};

/// Reads all versions of all packs that the history lacks. `save` gets the changed files after each
/// version, so that a run that is interrupted need not read it again.
pub(crate) fn update(
    generator: &Generator,
    save: &mut dyn FnMut(Vec<Single>) -> Result<(), Error>,
) -> Result<(), Error> {
    let systems: Vec<&'static Os> = SYSTEMS.iter().filter(|os| os.pack.is_some()).collect();
    let mut histories = BTreeMap::new();
    for os in &systems {
        histories.insert(os.name, open(generator, os)?);
    }
    let packs = &generator.sources.headers;
    let packages: BTreeSet<&str> = packs.iter().map(|pack| &*pack.package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    say("looking up all versions of the header packs".to_owned());
    let index = Index::of(&packages)?;
    for package in packages {
        let of_package: Vec<&Pack> = packs
            .iter()
            .filter(|pack| pack.package == package)
            .collect();
        let [first, ..] = of_package[..] else {
            continue;
        };
        let readers: Vec<&'static Os> = systems
            .iter()
            .copied()
            .filter(|os| of_package.iter().any(|pack| os.pack == Some(&*pack.name)))
            .collect();
        // One folder has the headers of all systems.
        let unpack = of_package
            .iter()
            .flat_map(|pack| pack.unpack.iter().cloned());
        let mut unpack: Vec<String> = unpack.chain(OLD_FOLDERS.map(str::to_owned)).collect();
        unpack.sort();
        unpack.dedup();
        let wanted = Pack {
            unpack,
            ..first.clone()
        };
        let versions: Vec<_> = index.releases(package, &first.platform).collect();
        for wheel in &versions {
            let name = format!("{package} {}", wheel.version);
            let lacking = |os: &&'static Os| !histories[os.name].has_pack(&name);
            let lacking: Vec<&'static Os> = readers.iter().copied().filter(lacking).collect();
            if lacking.is_empty() {
                continue;
            }
            interrupt::check()?;
            say(format!("{name}: reading {}", names(&lacking)));
            let pack = Pack {
                version: wheel.version.clone(),
                file: wheel.file.clone(),
                sha256: wheel.sha256.clone(),
                ..wanted.clone()
            };
            let unpacked = unpacked(&pack, &generator.cache)?;
            let mut files = Vec::new();
            for os in lacking {
                let headers = Headers::Pack(&pack, unpacked.tree());
                let read = read_version(generator, os, &name, &headers, &unpacked.tree())?;
                let history = histories.get_mut(os.name);
                let history = history.expect("every system has one");
                history.insert(read);
                files.extend(changed(generator, history)?);
            }
            save(files)?;
        }
    }
    if let Some(os) = systems.iter().find(|os| os.name == "linux") {
        let history = histories.get_mut(os.name).expect("every system has one");
        for kernel in debian::kernels(history)? {
            let headers = Headers::Sysroot(&kernel.root);
            history.insert(read_version(
                generator,
                os,
                &kernel.name,
                &headers,
                &kernel.root,
            )?);
            save(changed(generator, history)?.into_iter().collect())?;
        }
        save(changed(generator, history)?.into_iter().collect())?;
    }
    Ok(())
}

/// The files of the history with a further version of a pack, for the systems that read it and have
/// a history.
pub(crate) fn extended(generator: &Generator, pack: &Pack) -> Result<Vec<Single>, Error> {
    let mut files = Vec::new();
    for os in systems_of(generator, &pack.name) {
        let name = format!("{} {}", pack.package, pack.version);
        let Some(mut history) = History::read(&generator.root, os.name)? else {
            continue;
        };
        if history.has_pack(&name) {
            continue;
        }
        let folder = pack.folder(&generator.cache, &say)?;
        let headers = Headers::Pack(pack, folder.clone());
        history.insert(read_version(generator, os, &name, &headers, &folder)?);
        files.extend(changed(generator, &history)?);
    }
    Ok(files)
}

/// A pack in a folder that is removed afterwards. The wheel is downloaded unless the cache has it,
/// and not kept.
fn unpacked(pack: &Pack, cache: &Path) -> Result<Scratch, Error> {
    let scratch = Scratch::new(cache)?;
    let kept = cache.join(&pack.file);
    let wheel = if kept.is_file() {
        kept
    } else {
        say(format!("fetching {} {}", pack.package, pack.version));
        pack.download(&pack.version, cache, &scratch.fetched()?)?
    };
    pack.verify(&wheel)?;
    pack.unpack(&wheel, &scratch.tree())?;
    Ok(scratch)
}

/// The systems that read a pack.
fn systems_of<'a>(generator: &'a Generator, pack: &'a str) -> impl Iterator<Item = &'static Os> {
    let systems = SYSTEMS.iter();
    systems.filter(move |os| generator.sources.is_read_by(pack, os))
}

/// Folders and files that packs have under other names: those of ziglang before 0.16 and 0.12.
const OLD_FOLDERS: [&str; 2] = [
    "ziglang/lib/libc/include/any-macos-any/",
    "ziglang/lib/libc/include/any-macos.13-any/",
];

/// The history of a system, without versions if the list of symbols has changed since.
fn open(generator: &Generator, os: &'static Os) -> Result<History, Error> {
    let listed = digest(&symbols(generator, os)?);
    let targets = representatives(os);
    let targets = targets.iter().map(|target| target.triple.to_owned());
    let empty = || History::new(os.name, targets.clone().collect(), listed.clone());
    Ok(match History::read(&generator.root, os.name)? {
        Some(history)
            if history.listed == listed && targets.clone().eq(history.targets.clone()) =>
        {
            history
        }
        Some(_) => {
            say(format!(
                "the lists of {} have changed since its history was read; all packs are read again",
                os.name
            ));
            empty()
        }
        None => empty(),
    })
}

/// The targets that are read: one of those with the same headers, architecture, width of pointers
/// and byte order. The others have the same ABI. Debian's folders are named after `-gnu` targets.
fn representatives(os: &'static Os) -> Vec<&'static Target> {
    let mut known = Vec::new();
    let mut targets: Vec<&'static Target> = Vec::new();
    let is_gnu = |target: &Target| target.triple.contains("-linux-gnu");
    for target in os.targets {
        let Traits {
            arch,
            width,
            endian,
            ..
        } = Traits::of(target.triple);
        let key = (target.headers, arch, width, endian);
        match known.iter().position(|one| *one == key) {
            None => {
                known.push(key);
                targets.push(target);
            }
            Some(index) if is_gnu(target) && !is_gnu(targets[index]) => targets[index] = target,
            Some(_) => {}
        }
    }
    targets
}

/// The symbols that headers of packs declare; the project's own headers have no history.
fn symbols(generator: &Generator, os: &Os) -> Result<Vec<Symbol>, Error> {
    let mut symbols = generator.inputs(os)?.symbols;
    symbols.retain(|symbol| symbol.source.starts_with('<'));
    Ok(symbols)
}

/// The SHA-256 of the symbols, without their purposes.
fn digest(symbols: &[Symbol]) -> String {
    let mut hash = Sha256::new();
    for symbol in symbols {
        hash.update(format!(
            "{} {} {}\n",
            symbol.name,
            symbol.kind_text(),
            symbol.source
        ));
    }
    hex(&hash.finalize())
}

/// The file of a history, if it differs from the one that is there.
fn changed(generator: &Generator, history: &History) -> Result<Option<Single>, Error> {
    let path = format!("{FOLDER}/{}.json", history.system);
    let text = history.text();
    let file = generator.root.join(&path);
    let is_same = std::fs::read_to_string(file).is_ok_and(|known| known == text);
    Ok((!is_same).then_some(Single { path, text }))
}

/// Reads one version of a system. A target that cannot be read does not stop the others.
fn read_version(
    generator: &Generator,
    os: &'static Os,
    name: &str,
    headers: &Headers<'_>,
    folder: &Path,
) -> Result<(Version, Facts), Error> {
    let mut inputs = generator.inputs(os)?;
    inputs.symbols = symbols(generator, os)?;
    let mut version = Version {
        pack: name.to_owned(),
        ..Version::default()
    };
    let mut targets: Vec<&'static Target> = Vec::new();
    for target in representatives(os) {
        if headers.has_all(target) {
            targets.push(target);
        } else {
            let why = "it has no headers for this target".to_owned();
            version.unread.insert(target.triple.to_owned(), why);
        }
    }
    let mut facts = Facts::new();
    if !targets.is_empty() {
        let results = read::read_all(os, &targets, &inputs, headers, None, true);
        interrupt::check()?;
        for (target, result) in targets.iter().zip(results.into_values()) {
            match result {
                Ok(abi) => {
                    if let (Described::LinuxHeaders, true) = (os.version, facts.is_empty()) {
                        version.describes.clone_from(&abi.headers);
                    }
                    facts.insert(target.triple.to_owned(), items(&abi));
                }
                Err(error) => {
                    let why = operand::unread(&error, "this version");
                    version.unread.insert(target.triple.to_owned(), why);
                }
            }
        }
    }
    if facts.is_empty() {
        let reasons: BTreeSet<&String> = version.unread.values().collect();
        let none = format!("it has no headers of {}", os.name);
        version.not_read = match (targets.is_empty(), reasons.first()) {
            (false, Some(why)) => (*why).clone(),
            _ => none,
        };
        version.unread.clear();
    } else if let Described::Stated(text) = os.version {
        version.describes = if os.name == windows::NAME {
            os_version::mingw(folder).unwrap_or_default()
        } else {
            os_version::described(text, folder).unwrap_or_default()
        };
    }
    Ok((version, facts))
}

/// The names of systems.
fn names(systems: &[&Os]) -> String {
    let names: Vec<&str> = systems.iter().map(|os| os.name).collect();
    names.join(", ")
}
