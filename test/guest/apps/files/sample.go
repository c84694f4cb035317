// Goroutines, channels, maps, garbage collection, time, reflection, files, errors: what Go's runtime asks of a kernel.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/big"
	"math/rand"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"text/template"
	"time"
	"unicode/utf8"
)

type shape interface{ Area() float64 }
type square struct{ Side float64 }

func (s square) Area() float64 { return s.Side * s.Side }

type node struct {
	left, right *node
	data        [6]int
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}
func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}
func safe(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	f()
	return nil
}

func main() {
	fmt.Println("hello", runtime.GOOS, runtime.GOARCH, len(os.Args))
	results := make(chan int)
	var group sync.WaitGroup
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func(i int) { defer group.Done(); results <- i * i }(i)
	}
	go func() { group.Wait(); close(results) }()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("sum", sum)
	var counter int64
	var mutex sync.RWMutex
	shared := map[string]int{}
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for j := 0; j < 200; j++ {
				atomic.AddInt64(&counter, 1)
				mutex.Lock()
				shared[fmt.Sprint("k", j%10)]++
				mutex.Unlock()
				runtime.Gosched()
			}
		}(i)
	}
	group.Wait()
	fmt.Println(counter, shared)
	for i := 0; i < 20; i++ {
		if n := tree(12).count(); n != 8191 {
			fmt.Println("wrong count", n)
		}
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println("collected", stats.NumGC > 0, stats.HeapAlloc < 64<<20)
	// A loop without calls must be pre-empted by a signal.
	stop := int32(0)
	go func() { time.Sleep(20 * time.Millisecond); atomic.StoreInt32(&stop, 1) }()
	spins := 0
	for atomic.LoadInt32(&stop) == 0 {
		spins++
	}
	fmt.Println("spun", spins > 0)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println(ctx.Err())
	case <-time.After(5 * time.Second):
		fmt.Println("late")
	}
	ticker := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
	began := time.Now()
	time.Sleep(5 * time.Millisecond)
	fmt.Println(time.Since(began) >= 5*time.Millisecond, time.Unix(86400, 0).UTC().Format(time.RFC1123))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
	var p *node
	fmt.Println(safe(func() { _ = p.data[0] }))
	fmt.Println(safe(func() { a := []int{1}; i := 5; _ = a[i] }))
	fmt.Println(safe(func() { z := 0; fmt.Println(1 / z) }))
	data := bytes.Repeat([]byte("The quick brown fox. "), 500)
	fmt.Printf("%x %x %08x\n", sha256.Sum256(data), sha512.Sum512(data), crc32.ChecksumIEEE(data))
	block, _ := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	gcm, _ := cipher.NewGCM(block)
	fmt.Printf("%x\n", gcm.Seal(nil, make([]byte, 12), []byte("secret"), nil))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(data)
	w.Close()
	r, _ := gzip.NewReader(&packed)
	var back bytes.Buffer
	back.ReadFrom(r)
	fmt.Println(bytes.Equal(back.Bytes(), data))
	text, _ := json.Marshal(map[string]interface{}{"b": []int{1, 2}, "a": square{2.5}, "f": 1e21})
	var decoded map[string]interface{}
	fmt.Println(string(text), json.Unmarshal(text, &decoded), decoded)
	fmt.Println(regexp.MustCompile(`(\w+)@(\w+)\.com`).FindAllStringSubmatch("joe@example.com ann@test.com", -1))
	fmt.Printf("%v %+v %#v %T %q %8.3f|%-5d|%x %e %g\n", square{1}, square{1}, square{1}, square{1}, "é\n", math.Pi, 42, "hi", 12345.678, 1e-7)
	fmt.Println(new(big.Int).Exp(big.NewInt(3), big.NewInt(200), nil), new(big.Int).MulRange(1, 30), math.Sqrt(2), math.Sin(1e6), math.Gamma(5.5), math.FMA(2, 3, 4), math.Inf(-1), -7/2, -7%3)
	rng := rand.New(rand.NewSource(42))
	fmt.Println(rng.Intn(1000), rng.Float64(), rng.Perm(5), utf8.RuneCountInString("é€😀"), strings.ToUpper("straße"), strings.Fields(" a b  c "))
	words := strings.Split("pear fig apple kiwi banana", " ")
	sort.Slice(words, func(i, j int) bool { return len(words[i]) < len(words[j]) || len(words[i]) == len(words[j]) && words[i] < words[j] })
	template.Must(template.New("t").Parse("{{range $i, $w := .}}{{$i}}={{$w}} {{end}}\n")).Execute(os.Stdout, words)
	name := os.TempDir() + "/go-sample"
	os.WriteFile(name, data, 0o600)
	info, _ := os.Stat(name)
	_, missing := os.ReadFile("/none")
	fmt.Println(info.Size(), info.Mode(), missing, errors.Is(missing, os.ErrNotExist), os.Remove(name))
	var s shape = square{3}
	switch v := s.(type) {
	case square:
		fmt.Println("square", v.Area())
	}
	matrix := make([][]float64, 60)
	for i := range matrix {
		matrix[i] = make([]float64, 60)
		for j := range matrix[i] {
			matrix[i][j] = float64(i*j%7) / 3
		}
	}
	trace := 0.0
	for i := range matrix {
		for j := range matrix {
			for k := range matrix {
				trace += matrix[i][k] * matrix[k][j]
			}
		}
	}
	fmt.Println(trace)
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		fmt.Println("line:", scanner.Text())
	}
	os.Exit(7)
}
