-- Lua 5.4: recursion, n-body (float), string building, gsub, sort. usage: lua5.4 work.lua [scale]
local scale = tonumber(arg and arg[1]) or 1
local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end
print("fib", fib(math.floor(28 + math.log(scale, 2) + 0.5)))
local function body(x,y,z,vx,vy,vz,m) return {x=x,y=y,z=z,vx=vx,vy=vy,vz=vz,m=m} end
local bs = {body(0,0,0,0,0,0,39.47), body(4.84,-1.16,-0.10,0.606,2.81,-0.02,0.037), body(8.34,4.12,-0.40,-1.01,1.82,0.008,0.011),
  body(12.89,-15.11,-0.22,1.08,0.868,-0.010,0.0017), body(15.37,-25.9,0.179,0.979,0.594,-0.034,0.002)}
for step = 1, math.floor(40000*scale) do
  for i = 1, 5 do local a = bs[i]
    for j = i+1, 5 do local b = bs[j]
      local dx, dy, dz = a.x-b.x, a.y-b.y, a.z-b.z
      local d = dx*dx+dy*dy+dz*dz
      local mag = 0.01/(d*math.sqrt(d))
      a.vx = a.vx-dx*b.m*mag; a.vy = a.vy-dy*b.m*mag; a.vz = a.vz-dz*b.m*mag
      b.vx = b.vx+dx*a.m*mag; b.vy = b.vy+dy*a.m*mag; b.vz = b.vz+dz*a.m*mag
    end end
  for i = 1, 5 do local a = bs[i]; a.x = a.x+0.01*a.vx; a.y = a.y+0.01*a.vy; a.z = a.z+0.01*a.vz end
end
print(string.format("nbody %.6f %.6f", bs[1].x, bs[3].y))
local t = {}
for i = 1, math.floor(60000*scale) do t[#t+1] = string.format("%05d:%s", (i*7919)%100003, string.rep("x", i%7)) end
table.sort(t)
local s = table.concat(t, ",")
local n1 = select(2, s:gsub("(%d+):x+", "%1"))
local n2 = 0
for w in s:gmatch("[^,]+") do n2 = n2 + #w:upper() + (w:find("99", 1, true) or 0) end
print("string", #s, n1, n2)
