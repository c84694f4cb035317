// Collections, traits, threads, panics, files and floating point of Rust's standard library.
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::{env, fs, panic, process, thread, time::Duration, time::Instant};

trait Shape { fn area(&self) -> f64; fn name(&self) -> String { String::from("shape") } }
struct Circle(f64);
impl Shape for Circle { fn area(&self) -> f64 { std::f64::consts::PI * self.0 * self.0 } }
impl fmt::Display for Circle { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "Circle<{:.2}>", self.0) } }
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Token { Number(i64), Word(String), End }
struct Dropped(&'static str);
impl Drop for Dropped { fn drop(&mut self) { println!("drop {}", self.0) } }
fn fib(n: u32) -> u64 { if n < 2 { n as u64 } else { fib(n - 1) + fib(n - 2) } }

fn main() {
    println!("{} {} {:?} {:>8.3}|{:<5}|{:#x} {:#b} {:e}", Circle(1.5), Circle(2.0).area(), (1, "a", 'é'), 3.14159, 42, 255, 5, 12345.678);
    println!("{} {} {:?} {:?} {} {}", u64::MAX, i128::MIN, 5u8.checked_sub(6), 200u8.saturating_add(100), (-7i32).rem_euclid(3), 0.1 + 0.2);
    println!("{} {} {} {} {}", (2f64).sqrt(), 1f64.sin(), f64::NAN.max(1.0), (1e300 * 1e10), 7.0f32 / 3.0);
    let mut map: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, word) in "the quick brown the lazy quick the".split(' ').enumerate() { map.entry(word.into()).or_default().push(i); }
    println!("{:?}", map);
    let counts: HashMap<char, usize> = "abracadabra".chars().fold(HashMap::new(), |mut m, c| { *m.entry(c).or_insert(0) += 1; m });
    let mut sorted: Vec<_> = counts.into_iter().collect(); sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0))); println!("{:?}", sorted);
    let mut heap: BinaryHeap<_> = vec![5, 1, 8, 3].into(); heap.push(7); println!("{:?} {:?}", heap.pop(), heap.into_sorted_vec());
    let mut deque: VecDeque<_> = (1..6).collect(); deque.rotate_left(2); println!("{:?} {}", deque, (1..=100).filter(|n| n % 3 == 0).map(|n| n * n).sum::<i32>());
    println!("{:?} {}", vec![Token::Word("x".into()), Token::End, Token::Number(3)].iter().max(), "héllo wörld".to_uppercase());
    let set: HashSet<i32> = [1, 2, 3].into(); println!("{}", set.contains(&2));
    let total = Arc::new(Mutex::new(0)); let hits = Arc::new(AtomicUsize::new(0)); let barrier = Arc::new(Barrier::new(4));
    let handles: Vec<_> = (0..4).map(|i| { let (t, h, b) = (total.clone(), hits.clone(), barrier.clone()); thread::spawn(move || { b.wait(); for _ in 0..1000 { *t.lock().unwrap() += i; h.fetch_add(1, Ordering::SeqCst); } i * 10 }) }).collect();
    println!("{:?} {} {}", handles.into_iter().map(|h| h.join().unwrap()).collect::<Vec<_>>(), total.lock().unwrap(), hits.load(Ordering::SeqCst));
    let (sender, receiver) = mpsc::sync_channel(2);
    for id in 0..3 { let s = sender.clone(); thread::spawn(move || for i in 0..10 { s.send(id * 100 + i).unwrap() }); } drop(sender);
    println!("{}", receiver.iter().sum::<i32>());
    let pair = Arc::new((Mutex::new(false), Condvar::new())); let other = pair.clone();
    thread::spawn(move || { thread::sleep(Duration::from_millis(5)); *other.0.lock().unwrap() = true; other.1.notify_one(); });
    let mut ready = pair.0.lock().unwrap(); while !*ready { ready = pair.1.wait(ready).unwrap(); } println!("ready {}", *ready);
    let lock = RwLock::new(5); { let (a, b) = (lock.read().unwrap(), lock.read().unwrap()); println!("{}", *a + *b); }
    thread_local!(static LOCAL: std::cell::Cell<u32> = std::cell::Cell::new(1)); LOCAL.with(|l| l.set(5)); println!("{} {}", thread::spawn(|| LOCAL.with(|l| l.get())).join().unwrap(), LOCAL.with(|l| l.get()));
    panic::set_hook(Box::new(|info| println!("panic: {}", info.to_string().contains("oops") || true)));
    println!("{:?}", panic::catch_unwind(|| { let _d = Dropped("unwound"); let v: Vec<i32> = vec![]; let i = v.len() + 3; v[i] }).is_err());
    println!("{:?}", thread::spawn(|| panic!("oops")).join().is_err());
    println!("{:?} {:?} {:?}", "12x".parse::<i32>().map_err(|e| e.to_string()), "3.5e2".parse::<f64>(), fs::read("/none").map_err(|e| e.kind()));
    let path = env::temp_dir().join("rust-sample"); let mut file = fs::OpenOptions::new().create(true).read(true).write(true).truncate(true).open(&path).unwrap();
    writeln!(file, "line one\nline two").unwrap(); file.seek(SeekFrom::Start(5)).unwrap(); let mut rest = String::new(); file.read_to_string(&mut rest).unwrap();
    println!("{:?} {}", rest, fs::metadata(&path).unwrap().len()); fs::remove_file(&path).unwrap();
    let began = Instant::now(); thread::sleep(Duration::from_millis(3)); println!("{}", began.elapsed() >= Duration::from_millis(3));
    let mut seed = 12345u64; let mut values: Vec<u64> = (0..50000).map(|_| { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; seed }).collect(); values.sort_unstable();
    println!("{} {} {}", fib(27), values[0], values.iter().fold(0u64, |h, v| h.wrapping_mul(31).wrapping_add(*v)));
    let matrix: Vec<Vec<f64>> = (0..80).map(|i| (0..80).map(|j| (i * j % 7) as f64 / 3.0).collect()).collect();
    println!("{}", (0..80).map(|i| (0..80).map(|k| matrix[i][k] * matrix[k][i]).sum::<f64>()).sum::<f64>());
    for line in io::stdin().lock().lines() { println!("in: {}", line.unwrap().chars().rev().collect::<String>()); }
    println!("{:?}", env::args().skip(1).collect::<Vec<_>>()); process::exit(8);
}
