# Loops of the usual kinds: what the run time of longer scripts looks like.
import hashlib, json, re, time

def primes(n):
    sieve = bytearray([1]) * (n + 1)
    for i in range(2, int(n**0.5) + 1):
        if sieve[i]: sieve[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
    return sum(sieve[2:])

def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)

def nbody(steps):
    bodies = [[0.0, 0.0, 0.0, 0.0, 0.0, 39.47], [4.84, -1.16, -0.10, 0.6, 2.8, 0.037], [8.34, 4.12, -0.4, -1.01, 1.82, 0.011]]
    for _ in range(steps):
        for i, a in enumerate(bodies):
            for b in bodies[i + 1 :]:
                d = [a[k] - b[k] for k in range(3)]; mag = 0.001 / (sum(x * x for x in d) ** 1.5)
                for k in range(3): a[3 + k] -= d[k] * b[5] * mag; b[3 + k] += d[k] * a[5] * mag
        for b in bodies:
            for k in range(3): b[k] += 0.001 * b[3 + k]
    return [round(x, 12) for b in bodies for x in b[:3]]

print(primes(200000), fib(18), nbody(300))
words = ' '.join(str(i * i % 977) for i in range(20000)); counts = {}
for word in re.findall(r'\d+', words): counts[word] = counts.get(word, 0) + 1
print(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5], hashlib.sha1(json.dumps(counts, sort_keys=True).encode()).hexdigest())
