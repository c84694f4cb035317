# CPython: n-body, json round trips, dict/str work. usage: python3 work.py [scale]
import json, sys
scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
bs = [[0,0,0,0,0,0,39.47],[4.84,-1.16,-0.10,0.606,2.81,-0.02,0.037],[8.34,4.12,-0.40,-1.01,1.82,0.008,0.011],
      [12.89,-15.11,-0.22,1.08,0.868,-0.010,0.0017],[15.37,-25.9,0.179,0.979,0.594,-0.034,0.002]]
pairs = [(a, b) for i, a in enumerate(bs) for b in bs[i+1:]]
for step in range(int(25000*scale)):
    for a, b in pairs:
        dx = a[0]-b[0]; dy = a[1]-b[1]; dz = a[2]-b[2]
        mag = 0.01 * (dx*dx+dy*dy+dz*dz) ** -1.5
        am = a[6]*mag; bm = b[6]*mag
        a[3] -= dx*bm; a[4] -= dy*bm; a[5] -= dz*bm
        b[3] += dx*am; b[4] += dy*am; b[5] += dz*am
    for a in bs:
        a[0] += 0.01*a[3]; a[1] += 0.01*a[4]; a[2] += 0.01*a[5]
print("nbody %.6f %.6f" % (bs[0][0], bs[2][1]))
doc = {"rows": [{"id": i, "name": "n%d" % i, "v": [i*0.5, i % 7, None, True], "t": "\u00e9\u4e2d" * (i % 4)} for i in range(1500)]}
n = 0
for i in range(int(20*scale)):
    n += len(json.dumps(json.loads(json.dumps(doc)), sort_keys=True))
print("json", n)
d = {}
for i in range(int(300000*scale)):
    k = "k%d" % ((i*7919) % 5003)
    d[k] = d.get(k, 0) + len(k)
print("dict", len(d), sum(d.values()), hash(tuple(sorted(d.values()))) & 0xffff)
