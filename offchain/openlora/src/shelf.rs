//! Things that take long to load: loaded once each, kept while they are used, put away when room is needed.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

/// How long something that could not be loaded is not tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Loaded things by their keys. Who wants one that is there never waits for another one that is being loaded.
pub struct Shelf<K, V> {
    places: Mutex<HashMap<K, Place<V>>>,
}

struct Place<V> {
    /// Filled by the first who wants it, while the others wait.
    thing: Arc<OnceCell<Arc<V>>>,
    used: Instant,
    failed: Option<(Instant, String)>,
}

/// Why something is not there.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing<E> {
    /// It could not be loaded now.
    Failed(E),
    /// It could not be loaded a short while ago, for this reason.
    Lately(String),
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self { places: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone, V> Shelf<K, V> {
    fn places(&self) -> MutexGuard<'_, HashMap<K, Place<V>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a key stands for: at once if it is there, else after `load`, which runs once for all who want it meanwhile.
    ///
    /// # Errors
    /// If it cannot be loaded, or could not lately.
    pub async fn get<E: ToString>(
        &self,
        key: &K,
        load: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, Missing<E>> {
        let thing = {
            let mut places = self.places();
            let place = places.entry(key.clone()).or_insert_with(|| Place {
                thing: Arc::default(),
                used: Instant::now(),
                failed: None,
            });
            place.used = Instant::now();
            place.thing.clone()
        };
        let first = || async {
            // Those who waited for it do not each try what failed.
            if let Some(reason) = self.lately(key) {
                return Err(Missing::Lately(reason));
            }
            load.await.map(Arc::new).map_err(|error| {
                if let Some(place) = self.places().get_mut(key) {
                    place.failed = Some((Instant::now(), error.to_string()));
                }
                Missing::Failed(error)
            })
        };
        thing.get_or_try_init(first).await.cloned()
    }

    /// Why something could not be loaded a short while ago.
    fn lately(&self, key: &K) -> Option<String> {
        let places = self.places();
        let (at, reason) = places.get(key)?.failed.as_ref()?;
        (at.elapsed() < PATIENCE).then(|| reason.clone())
    }

    /// What is there, without waiting.
    pub fn loaded(&self) -> Vec<(K, Arc<V>)> {
        let places = self.places();
        let loaded =
            |(key, place): (&K, &Place<V>)| Some((key.clone(), place.thing.get()?.clone()));
        places.iter().filter_map(loaded).collect()
    }

    /// When the one was used last that nobody uses now, and that was used least lately; and its key.
    pub fn idlest(&self) -> Option<(Instant, K)> {
        let places = self.places();
        let idle = places.iter().filter(|(_, place)| {
            place.thing.get().is_some_and(|thing| Arc::strong_count(thing) == 1)
        });
        idle.map(|(key, place)| (place.used, key.clone())).min_by_key(|(used, _)| *used)
    }

    /// Puts away what `which` says. Who uses it keeps it as long as that.
    pub fn remove(&self, which: impl Fn(&K) -> bool) -> bool {
        let mut places = self.places();
        let before = places.len();
        places.retain(|key, _| !which(key));
        places.len() < before
    }

    /// Puts away those things that are there and of which `which` says so.
    pub fn remove_if(&self, which: impl Fn(&K, &V) -> bool) {
        self.places()
            .retain(|key, place| !place.thing.get().is_some_and(|thing| which(key, thing)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn get_should_load_once_for_all_who_want_it() {
        let shelf = Arc::new(Shelf::<u32, u32>::default());
        let loads = Arc::new(AtomicUsize::new(0));
        let (go, wait) = oneshot::channel::<()>();
        let wait = Arc::new(tokio::sync::Mutex::new(Some(wait)));
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let (shelf, loads, wait) = (shelf.clone(), loads.clone(), wait.clone());
                tokio::spawn(async move {
                    let load = async {
                        loads.fetch_add(1, Ordering::SeqCst);
                        wait.lock().await.take().unwrap().await.unwrap();
                        Ok::<_, String>(7)
                    };
                    *shelf.get(&1, load).await.unwrap()
                })
            })
            .collect();
        // While that one is being loaded, others are there.
        assert_eq!(*shelf.get(&2, async { Ok::<_, String>(9) }).await.unwrap(), 9);
        assert_eq!(*shelf.get(&2, async { Err("again".to_string()) }).await.unwrap(), 9);
        go.send(()).unwrap();
        for one in asked {
            assert_eq!(one.await.unwrap(), 7);
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
        assert_eq!(shelf.loaded().len(), 2);
    }

    #[tokio::test]
    async fn get_should_not_try_again_at_once_what_failed() {
        let shelf = Shelf::<u32, u32>::default();
        let failed = shelf.get(&1, async { Err("too large".to_string()) }).await;
        assert_eq!(failed, Err(Missing::Failed("too large".into())));
        let again = shelf.get(&1, async { Ok::<_, String>(7) }).await;
        assert_eq!(again, Err(Missing::Lately("too large".into())));
        // Whoever puts it away has it tried again.
        assert!(shelf.remove(|key| *key == 1) && !shelf.remove(|key| *key == 1));
        assert_eq!(shelf.get(&1, async { Ok::<_, String>(7) }).await, Ok(Arc::new(7)));
    }

    #[tokio::test]
    async fn idlest_should_be_the_least_lately_used_that_nobody_uses() {
        let shelf = Shelf::<u32, u32>::default();
        let mut used = Vec::new();
        for key in [1, 2, 3] {
            used.push(shelf.get(&key, async { Ok::<_, String>(key) }).await.unwrap());
        }
        assert_eq!(shelf.idlest(), None);
        let first = used.remove(0);
        drop(used);
        assert_eq!(shelf.idlest().map(|(_, key)| key), Some(2));
        drop(first);
        assert_eq!(shelf.idlest().map(|(_, key)| key), Some(1));
        shelf.get(&1, async { Err("not asked".to_string()) }).await.unwrap();
        assert_eq!(shelf.idlest().map(|(_, key)| key), Some(2));
    }
}
