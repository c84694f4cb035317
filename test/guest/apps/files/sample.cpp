// Exceptions, iostreams, containers, threads, regex and locale of the C++ library.
#include <algorithm>
#include <chrono>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>
struct Base { virtual ~Base() { std::cout << "~Base\n"; } virtual int value() const = 0; };
struct Derived : Base { int v; explicit Derived(int v) : v(v) {} ~Derived() override { std::cout << "~Derived " << v << "\n"; } int value() const override { return v * 2; } };
int thrower(int depth) { Derived guard(depth); if (depth == 0) throw std::out_of_range("bottom"); return thrower(depth - 1) + 1; }
int main() {
    try { thrower(3); } catch (const std::logic_error &e) { std::cout << "caught " << e.what() << "\n"; }
    try { try { throw 5; } catch (int) { std::throw_with_nested(std::runtime_error("outer")); } } catch (const std::exception &e) { std::cout << e.what() << "\n"; }
    std::vector<int> v(1000); std::iota(v.begin(), v.end(), 0); std::mt19937 random(42); std::shuffle(v.begin(), v.end(), random); std::cout << v[0] << ' ' << v[999] << ' ' << random() << '\n'; std::sort(v.begin(), v.end()); std::cout << std::accumulate(v.begin(), v.end(), 0L) << '\n';
    std::map<std::string, int> counts; std::istringstream words("the quick the lazy quick the"); for (std::string w; words >> w;) counts[w]++; for (auto &[w, n] : counts) std::cout << w << '=' << n << ' ';
    std::cout << std::setprecision(15) << std::fixed << 1.0 / 3 << ' ' << std::scientific << 12345.678 << ' ' << std::hex << 255 << std::dec << ' ' << std::setw(8) << std::setfill('*') << 42 << '\n';
    std::regex pattern(R"((\w+)@(\w+)\.com)"); std::string text = "joe@example.com ann@test.com"; for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) std::cout << (*i)[1] << ' '; std::cout << std::regex_replace(text, pattern, "$2") << '\n';
    std::vector<std::future<long>> futures; for (int t = 0; t < 4; t++) futures.push_back(std::async(std::launch::async, [t] { long sum = 0; for (int i = 0; i < 10000; i++) sum += i * t; return sum; })); for (auto &f : futures) std::cout << f.get() << ' ';
    std::promise<int> promise; std::thread thread([&] { try { throw std::runtime_error("from a thread"); } catch (...) { promise.set_exception(std::current_exception()); } }); try { promise.get_future().get(); } catch (const std::exception &e) { std::cout << e.what() << '\n'; } thread.join();
    std::unique_ptr<Base> p = std::make_unique<Derived>(7); std::cout << p->value() << ' ' << (dynamic_cast<Derived *>(p.get()) != nullptr) << '\n'; std::variant<int, std::string> x = "text"; std::cout << std::get<std::string>(x) << '\n'; try { std::get<int>(x); } catch (const std::bad_variant_access &) { std::cout << "bad variant\n"; }
    std::normal_distribution<double> normal; double total = 0; for (int i = 0; i < 1000; i++) total += normal(random); std::cout << total << '\n'; long double l = 1; for (int i = 1; i < 30; i++) l *= i; std::cout << l << '\n'; try { std::stoi("x"); } catch (const std::invalid_argument &e) { std::cout << e.what() << '\n'; } std::string in; while (std::getline(std::cin, in)) std::cout << in.size() << '\n';
}
