//! The models that are served: registered on the chain, fetched and verified, sharing their bases, within a budget of
//! memory.
//!
//! A name belongs to the first model that was registered with it: also when that model is deprecated, so that nobody
//! else takes its callers over. Where the operator lists what it offers, the first of these.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex as Short, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use openledger_artefacts::{
    base_name, fetch_adapter, fetch_base, sizes, AdapterIds, BaseIds, Cache,
};
use openledger_chain::{
    types::{Kind, Model as Registered},
    View,
};
use openledger_lm::Footprint;
use openledger_primitives::{ModelId, ModelVersion, H256};
use openledger_store::BlobStore;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    memory::{Held, Memory},
    served::{Base, Processes, Served},
    shelf::{Missing, Shelf},
    worker::Failure,
    Error, Result,
};

/// How often a model may end the process of its base before it is set aside.
const DEATHS: u32 = 2;
/// How long it is set aside.
const ASIDE: Duration = Duration::from_secs(600);

/// One version of a model, by all that it is made of: after a reorganisation of the chain, the same number may be another
/// version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The model.
    pub id: ModelId,
    /// The version.
    pub version: ModelVersion,
    base: BaseIds,
    adapter: AdapterIds,
    registered: Registration,
}

/// Bytes of files as the chain has them; 0 where nobody said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Registration {
    /// Of a base, and its manifest.
    pub base: u64,
    /// Of an adapter.
    pub adapter: u64,
}

/// All models that this gateway may serve, and those it has loaded.
pub struct Catalogue {
    store: BlobStore,
    cache: Cache,
    /// All, where empty.
    allowed: BTreeSet<ModelId>,
    memory: Arc<Memory>,
    processes: Processes,
    bases: Shelf<BaseIds, Base>,
    models: Shelf<Key, Served>,
    deaths: Short<HashMap<Key, Death>>,
    /// Of the newest block that was asked for.
    snapshot: Mutex<Option<Arc<Snapshot>>>,
}

/// How a model ended the process of its base.
struct Death {
    times: u32,
    last: Instant,
    how: String,
}

/// What the chain says of models in one block.
struct Snapshot {
    block: H256,
    /// Those that may be served, in the order of their ids; deprecated ones too.
    adapters: Vec<(ModelId, Registered)>,
    /// What their newest versions are made of, as far as that was asked for.
    versions: Short<HashMap<ModelId, Key>>,
}

/// How much memory models have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Use {
    /// In bytes, what those have that are loaded.
    pub held: u64,
    /// In bytes, what all may have together.
    pub budget: u64,
}

impl Catalogue {
    pub fn new(
        store: BlobStore,
        cache: Cache,
        allowed: BTreeSet<ModelId>,
        processes: Processes,
    ) -> Self {
        Self {
            store,
            cache,
            allowed,
            memory: Memory::new(processes.memory),
            processes,
            bases: Shelf::default(),
            models: Shelf::default(),
            deaths: Short::default(),
            snapshot: Mutex::default(),
        }
    }

    /// What the chain says of models, asked for once in each block.
    async fn snapshot(&self, view: &View) -> Result<Arc<Snapshot>> {
        let mut known = self.snapshot.lock().await;
        let block = view.block().hash;
        if let Some(snapshot) = known.as_ref().filter(|snapshot| snapshot.block == block) {
            return Ok(snapshot.clone());
        }
        let mut adapters = view.models().await?;
        adapters.retain(|(id, model)| {
            matches!(model.kind, Kind::Adapter { .. })
                && (self.allowed.is_empty() || self.allowed.contains(id))
        });
        adapters.sort_by_key(|(id, _)| *id);
        let snapshot = Arc::new(Snapshot { block, adapters, versions: Short::default() });
        *known = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// The adapters that are offered, by the chain's present state.
    pub async fn offered(&self, view: &View) -> Result<Vec<(ModelId, Registered)>> {
        let snapshot = self.snapshot(view).await?;
        Ok(snapshot.adapters.iter().filter(|(_, model)| !model.deprecated).cloned().collect())
    }

    /// The model that a request names, by `openledger/2`, `2`, or as it was registered, if it is offered.
    pub async fn find(&self, view: &View, name: &str) -> Result<(ModelId, Registered)> {
        let snapshot = self.snapshot(view).await?;
        let (id, model) =
            snapshot.find(name).ok_or_else(|| Error::NoModel { name: name.into() })?;
        if model.deprecated {
            let reason = "it is deprecated".into();
            return Err(Error::Model { model: *id, reason });
        }
        Ok((*id, model.clone()))
    }

    /// What the newest version of a model is made of.
    async fn key(&self, view: &View, id: ModelId, model: &Registered) -> Result<Key> {
        let snapshot = self.snapshot(view).await?;
        let known = |key: Option<Key>| {
            let mut versions = snapshot.versions.lock().unwrap_or_else(PoisonError::into_inner);
            match key {
                Some(key) => Some(*versions.entry(id).or_insert(key)),
                None => versions.get(&id).copied(),
            }
        };
        if let Some(key) = known(None) {
            return Ok(key);
        }
        let refuse = |reason: &str| Error::Model { model: id, reason: reason.into() };
        let version = model.latest;
        let Kind::Adapter { base, .. } = model.kind else {
            return Err(refuse("it is a base model"));
        };
        let info = view
            .model_version(id, version)
            .await?
            .ok_or_else(|| refuse("the chain has no such version of it"))?;
        if info.index.is_none() {
            return Err(refuse("it has no attribution index, so its answers could not be settled"));
        }
        let of_base = view
            .base_version(base, info.registered)
            .await?
            .ok_or_else(|| refuse("the chain does not have its base model"))?;
        let base = BaseIds { artefact: of_base.artefact, config: of_base.config };
        let adapter = AdapterIds { artefact: info.artefact, config: info.config };
        let registered = Registration { base: of_base.size, adapter: info.size };
        let key = Key { id, version, base, adapter, registered };
        Ok(known(Some(key)).unwrap_or(key))
    }

    /// The newest version of a model, loaded.
    pub async fn newest(
        &self,
        view: &View,
        id: ModelId,
        model: &Registered,
    ) -> Result<Arc<Served>> {
        let Key { version, base, adapter, registered, .. } = self.key(view, id, model).await?;
        self.load(id, version, base, adapter, registered).await
    }

    /// A version of a model: fetched, verified and loaded, unless it is there.
    pub async fn load(
        &self,
        id: ModelId,
        version: ModelVersion,
        base: BaseIds,
        adapter: AdapterIds,
        registered: Registration,
    ) -> Result<Arc<Served>> {
        self.load_key(Key { id, version, base, adapter, registered }).await
    }

    async fn load_key(&self, key: Key) -> Result<Arc<Served>> {
        self.set_aside(&key)?;
        let served = self.get(key).await?;
        let served = if served.base().has_ended() {
            self.bury(&key.base);
            self.get(key).await?
        } else {
            served
        };
        // What it was before is of no more use to new questions.
        self.models.remove(|other| other.id == key.id && *other != key);
        Ok(served)
    }

    async fn get(&self, key: Key) -> Result<Arc<Served>> {
        let served = self.models.get(&key, self.fetch(key)).await;
        served.map_err(|why| missing(key.id, why))
    }

    /// A model that was loaded, loaded again if its process ended meanwhile.
    pub async fn living(&self, served: Arc<Served>) -> Result<Arc<Served>> {
        if served.base().has_ended() {
            return self.load_key(served.key).await;
        }
        Ok(served)
    }

    /// Takes note that the process of its base ended while it computed for a model.
    pub fn died(&self, key: Key, failure: &Failure) -> Error {
        let how = failure.to_string();
        tracing::warn!(model = key.id, version = key.version, %how, "its process ended");
        let mut deaths = self.deaths();
        deaths.retain(|_, death| death.last.elapsed() < ASIDE);
        let new = Death { times: 0, last: Instant::now(), how: String::new() };
        let death = deaths.entry(key).or_insert(new);
        *death = Death { times: death.times + 1, last: Instant::now(), how: how.clone() };
        drop(deaths);
        self.bury(&key.base);
        Error::Died { model: key.id, how }
    }

    /// Refuses a model that ended too many processes lately.
    fn set_aside(&self, key: &Key) -> Result<()> {
        match self.deaths().get(key) {
            Some(Death { times, last, how }) if *times >= DEATHS && last.elapsed() < ASIDE => {
                Err(Error::Aside { model: key.id, times: *times, aside: ASIDE, how: how.clone() })
            }
            _ => Ok(()),
        }
    }

    fn deaths(&self) -> MutexGuard<'_, HashMap<Key, Death>> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts away a base and what is loaded into its process, which has ended.
    fn bury(&self, base: &BaseIds) {
        self.models.remove_if(|key, served| key.base == *base && served.base().has_ended());
        self.bases.remove_if(|ids, loaded| ids == base && loaded.has_ended());
    }

    async fn fetch(&self, key: Key) -> Result<Served> {
        let Key { id, base: ids, adapter, registered, .. } = key;
        let base = self.bases.get(&ids, self.fetch_base(id, ids, registered.base)).await;
        let base = base.map_err(|why| missing(id, why))?;
        let stored = sizes::adapter(&self.store, &adapter).await?;
        self.check_size(id, "adapter", registered.adapter, stored)?;
        let folder = fetch_adapter(&self.store, &adapter, &self.cache).await?;
        let held = self.hold(id, adapter_bytes(&folder)?)?;
        let loaded = base.adapter(&folder, &base_name(&ids.artefact), held).await;
        let adapter = loaded.map_err(|failure| match failure {
            Failure::Refused(reason) => Error::Unloadable { model: id, reason },
            failure => self.died(key, &failure),
        })?;
        tracing::info!(model = id, version = key.version, held = self.memory.held(), "loaded");
        Ok(Served::new(key, adapter))
    }

    async fn fetch_base(&self, id: ModelId, ids: BaseIds, registered: u64) -> Result<Base> {
        let stored = sizes::base(&self.store, &ids.artefact).await?;
        self.check_size(id, "base", registered, stored)?;
        let folder = fetch_base(&self.store, &ids, &self.cache).await?;
        let footprint =
            Footprint::of_checkpoint(&folder).map_err(openledger_artefacts::Error::from)?;
        let held = self.hold(id, footprint.answering(1))?;
        let base = Base::open(self.processes.clone(), folder, footprint, held).await;
        base.map_err(|failure| Error::Unloadable { model: id, reason: failure.to_string() })
    }

    /// Refuses, before anything is fetched, files of another size than is registered, or too large to be loaded.
    fn check_size(&self, model: ModelId, what: &str, registered: u64, stored: u64) -> Result<()> {
        if registered != 0 && registered != stored {
            let reason = format!(
                "the files of its {what} have {stored} bytes in the store, and {registered} were registered"
            );
            return Err(Error::Model { model, reason });
        }
        let (held, budget) = (self.memory.held(), self.memory.budget());
        if stored > budget {
            return Err(Error::TooLarge { model, needed: stored, held, budget });
        }
        Ok(())
    }

    /// Room for an answer of a model that is loaded, prompt and answer being of `tokens` together.
    pub fn room(&self, served: &Served, tokens: usize) -> Result<Held> {
        self.hold(served.key.id, served.base().footprint.answer(tokens))
    }

    /// Holds so many bytes for a model, for which what nobody uses is put away, the least lately used first.
    fn hold(&self, model: ModelId, bytes: u64) -> Result<Held> {
        loop {
            if let Some(held) = self.memory.hold(bytes) {
                return Ok(held);
            }
            let (adapter, base) = (self.models.idlest(), self.bases.idlest());
            match (adapter, base) {
                // A base is idle only when all its adapters are put away.
                (Some((used, key)), base)
                    if base.as_ref().is_none_or(|(other, _)| used <= *other) =>
                {
                    tracing::info!(model = key.id, version = key.version, "put away");
                    self.models.remove(|other| *other == key);
                }
                (_, Some((_, ids))) => {
                    self.bases.remove(|other| *other == ids);
                }
                _ => {
                    return Err(Error::TooLarge {
                        model,
                        needed: bytes,
                        held: self.memory.held(),
                        budget: self.memory.budget(),
                    })
                }
            }
        }
    }

    /// Puts a model away; whether it was there.
    pub fn unload(&self, id: ModelId) -> bool {
        self.models.remove(|key| key.id == id)
    }

    /// The models that are loaded, with their versions.
    pub fn loaded(&self) -> Vec<(ModelId, ModelVersion)> {
        let mut loaded: Vec<_> =
            self.models.loaded().iter().map(|(key, _)| (key.id, key.version)).collect();
        loaded.sort_unstable();
        loaded
    }

    /// How much memory they have.
    pub fn memory(&self) -> Use {
        Use { held: self.memory.held(), budget: self.memory.budget() }
    }
}

impl Snapshot {
    /// See [`Catalogue::find`].
    fn find(&self, name: &str) -> Option<&(ModelId, Registered)> {
        if let Ok(id) = name.strip_prefix("openledger/").unwrap_or(name).parse::<ModelId>() {
            return self.adapters.iter().find(|(known, _)| *known == id);
        }
        self.adapters.iter().find(|(_, model)| model.name == name.as_bytes())
    }
}

/// Bytes that an adapter's numbers take once they are loaded: in its file they have two bytes at least, in memory four.
fn adapter_bytes(folder: &Path) -> Result<u64> {
    let path = folder.join("adapter_model.safetensors");
    Ok(std::fs::metadata(&path).map_err(Error::io(&path))?.len().saturating_mul(2))
}

fn missing(model: ModelId, why: Missing<Error>) -> Error {
    match why {
        Missing::Failed(error) => error,
        Missing::Lately(reason) => Error::Lately { model, reason },
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use openledger_artefacts::store_base;
    use openledger_lm::{Adapter, Sampling};
    use openledger_primitives::ContentId;

    use super::*;
    use crate::{prompt::Prompt, worker::tests::program};

    /// The shipped base in a store, and an adapter of it that is not trained yet.
    pub async fn stored(store: &BlobStore) -> (BaseIds, AdapterIds) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let base = store_base(&folder, store).await.unwrap();
        let config = openledger_lm::Config::load(&folder).unwrap();
        let adapter = Adapter::new(&config, 2, 4.0, &base_name(&base.artefact), 7).unwrap();
        (base, put(store, &adapter, &config).await)
    }

    async fn put(
        store: &BlobStore,
        adapter: &Adapter,
        config: &openledger_lm::Config,
    ) -> AdapterIds {
        let folder = tempfile::tempdir().unwrap();
        adapter.save(folder.path(), config).unwrap();
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        AdapterIds {
            artefact: store.put(read("adapter_model.safetensors")).await.unwrap(),
            config: store.put(read("adapter_config.json")).await.unwrap(),
        }
    }

    fn open(folder: &Path) -> (BlobStore, Catalogue) {
        let store = BlobStore::open(folder.join("store").to_str().unwrap()).unwrap();
        (store.clone(), within(folder, &store, 1 << 30))
    }

    fn within(folder: &Path, store: &BlobStore, memory: u64) -> Catalogue {
        let cache = Cache::new(folder.join("cache"), 1 << 30);
        let processes = Processes { program: program(), memory };
        Catalogue::new(store.clone(), cache, BTreeSet::new(), processes)
    }

    #[tokio::test]
    async fn load_should_share_a_base_and_keep_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let first = catalogue.load(2, 1, base, adapter, Registration::default()).await.unwrap();
        let second = catalogue.load(3, 1, base, adapter, Registration::default()).await.unwrap();
        assert!(Arc::ptr_eq(first.base(), second.base()));
        assert!(Arc::ptr_eq(
            &first,
            &catalogue.load(2, 1, base, adapter, Registration::default()).await.unwrap()
        ));
        assert_eq!(
            catalogue.load(2, 2, base, adapter, Registration::default()).await.unwrap().key.version,
            2
        );
    }

    #[tokio::test]
    async fn load_should_put_away_what_nobody_uses_when_memory_is_short() {
        let folder = tempfile::tempdir().unwrap();
        let (store, large) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        large.load(1, 1, base, adapter, Registration::default()).await.unwrap();
        let one = large.memory().held;
        large.load(2, 1, base, adapter, Registration::default()).await.unwrap();
        let two = large.memory().held;
        assert!(two - one > 0 && two < 2 * one, "the base counts once: {one}, {two}");

        let catalogue = within(folder.path(), &store, two);
        let first = catalogue.load(1, 1, base, adapter, Registration::default()).await.unwrap();
        catalogue.load(2, 1, base, adapter, Registration::default()).await.unwrap();
        catalogue.load(3, 1, base, adapter, Registration::default()).await.unwrap();
        assert_eq!(catalogue.loaded(), [(1, 1), (3, 1)], "what is used stays");
        assert_eq!(catalogue.memory(), Use { held: two, budget: two });
        let third = catalogue.load(3, 1, base, adapter, Registration::default()).await.unwrap();
        let error =
            catalogue.load(4, 1, base, adapter, Registration::default()).await.err().unwrap();
        assert!(matches!(error, Error::TooLarge { model: 4, .. }), "{error}");
        let again =
            catalogue.load(4, 1, base, adapter, Registration::default()).await.err().unwrap();
        assert!(matches!(again, Error::Lately { model: 4, .. }), "{again}");
        drop((first, third));
        assert!(catalogue.unload(1) && catalogue.unload(3) && !catalogue.unload(5));
        catalogue.load(5, 1, base, adapter, Registration::default()).await.unwrap();
        assert_eq!((catalogue.loaded(), catalogue.memory().held), (vec![(5, 1)], one));

        let small = within(folder.path(), &store, one - 1);
        let error = small.load(1, 1, base, adapter, Registration::default()).await.err().unwrap();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        assert_eq!(small.loaded(), []);
    }

    #[tokio::test]
    async fn load_should_refuse_files_of_another_size_than_is_registered() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let right = Registration {
            base: sizes::base(&store, &base.artefact).await.unwrap(),
            adapter: sizes::adapter(&store, &adapter).await.unwrap(),
        };
        for (id, wrong) in [
            (1, Registration { base: right.base + 1, ..right }),
            (2, Registration { adapter: right.adapter - 1, ..right }),
        ] {
            // A base that is refused is not tried again at once: another catalogue.
            let (_, catalogue) = open(folder.path());
            let error = catalogue.load(id, 1, base, adapter, wrong).await.err().unwrap();
            assert!(error.to_string().contains("were registered"), "{error}");
        }
        catalogue.load(3, 1, base, adapter, right).await.unwrap();
    }

    #[tokio::test]
    async fn room_should_be_of_the_same_memory_as_models() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let served = catalogue.load(1, 1, base, adapter, Registration::default()).await.unwrap();
        let before = catalogue.memory().held;
        let room = catalogue.room(&served, 500).unwrap();
        assert!(catalogue.memory().held > before);
        drop(room);
        assert_eq!(catalogue.memory().held, before);
        let error = catalogue.room(&served, 1 << 24).err().unwrap();
        assert!(matches!(error, Error::TooLarge { model: 1, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_model_that_ends_two_processes_should_be_set_aside_and_others_served() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let load = |id| catalogue.load(id, 1, base, adapter, Registration::default());
        let answer = async |served: &Served| {
            let sampling = Sampling::greedy(2);
            served.answer(vec![40], sampling, Vec::new(), std::future::pending()).await
        };
        let other = load(2).await.unwrap();
        for _ in 0..2 {
            let served = load(1).await.unwrap();
            answer(&served).await.unwrap();
            served.base().kill();
            let failure = answer(&served).await.unwrap_err();
            let error = catalogue.died(served.key, &failure);
            assert!(error.to_string().contains("signal 9"), "{error}");
        }
        let error = load(1).await.err().unwrap();
        assert!(matches!(error, Error::Aside { model: 1, times: 2, .. }), "{error}");
        // What had the same process is loaded again.
        assert!(other.base().has_ended());
        let other = catalogue.living(other).await.unwrap();
        answer(&other).await.unwrap();
        assert_eq!(catalogue.loaded(), [(2, 1)]);
    }

    #[tokio::test]
    async fn a_base_should_read_on_when_its_reader_ended() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;
        let served = catalogue.load(1, 1, base, adapter, Registration::default()).await.unwrap();
        let prompt = Prompt::Text("fn main() {".into());
        let tokens = served.base().read(H256::zero(), &prompt).await.unwrap();
        served.base().kill_reader().await;
        assert_eq!(served.base().read(H256::zero(), &prompt).await.unwrap(), tokens);
        assert!(!served.base().has_ended());
    }

    fn registered(name: &str, deprecated: bool) -> Registered {
        Registered {
            owner: openledger_chain::account::parse("//Bob").unwrap(),
            name: name.into(),
            kind: Kind::Adapter { base: 0, parents: Vec::new() },
            price_in: 1,
            price_out: 1,
            latest: 1,
            deprecated,
        }
    }

    #[test]
    fn find_should_give_a_name_to_whom_had_it_first_though_that_is_deprecated() {
        let adapters = vec![
            (2, registered("poet", true)),
            (3, registered("poet", false)),
            (4, registered("2", false)),
            (5, registered("a/b", false)),
        ];
        let snapshot = Snapshot { block: H256::zero(), adapters, versions: Short::default() };
        for (name, expected) in [
            ("poet", Some(2)),
            ("3", Some(3)),
            ("openledger/3", Some(3)),
            // A number is always an id.
            ("2", Some(2)),
            ("a/b", Some(5)),
            ("openledger/9", None),
            ("nobody", None),
        ] {
            assert_eq!(snapshot.find(name).map(|(id, _)| *id), expected, "{name}");
        }
    }

    #[tokio::test]
    async fn load_should_refuse_what_is_damaged_missing_or_of_another_base() {
        let folder = tempfile::tempdir().unwrap();
        let (store, catalogue) = open(folder.path());
        let (base, adapter) = stored(&store).await;

        let missing = AdapterIds { artefact: ContentId::repeat_byte(1), ..adapter };
        let error = catalogue
            .load(2, 1, base, missing, Registration::default())
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("is not in the store"), "{error}");

        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/base");
        let config = openledger_lm::Config::load(&path).unwrap();
        let stranger = Adapter::new(&config, 2, 4.0, "0xother", 7).unwrap();
        let stranger = put(&store, &stranger, &config).await;
        let error = catalogue
            .load(2, 1, base, stranger, Registration::default())
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("the adapter is for base 0xother"), "{error}");

        let digits = format!("{:x}", adapter.artefact);
        let blob = folder.path().join("store").join(&digits[..2]).join(&digits[2..4]).join(&digits);
        std::fs::write(&blob, "other bytes").unwrap();
        let error = catalogue
            .load(2, 1, base, adapter, Registration::default())
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("is damaged"), "{error}");
    }
}
