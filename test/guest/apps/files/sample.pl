use strict; use warnings;
use List::Util qw(sum max shuffle reduce first); use POSIX qw(floor strftime fmod); use Data::Dumper; use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(sha256_hex); use Time::HiRes qw(usleep time); use Storable qw(freeze thaw); use Math::BigInt; use Math::BigFloat;
use MIME::Base64; use Encode; use File::Temp qw(tempdir); use File::Find; use Scalar::Util qw(weaken blessed looks_like_number); use JSON::PP; use Text::Wrap; use Unicode::Normalize;
$Data::Dumper::Sortkeys = 1; $Data::Dumper::Indent = 1; $| = 1;
my %count; $count{$_}++ for split //, 'abracadabra'; print join(',', map { "$_=$count{$_}" } sort keys %count), "\n";
print Dumper({ a => [1, 2, { b => undef }], c => \'x' }); print sum(1 .. 100), ' ', max(3, 9, 2), ' ', (reduce { $a * $b } 1 .. 15), "\n";
printf "%.10f %e %g %s %x %o %b %5s|%-5s|%05d\n", 1/3, 12345.678, 1e-5, 0.1 + 0.2, 255, 8, 5, 'a', 'b', 42;
print sqrt(2), ' ', sin(1), ' ', exp(1), ' ', atan2(1, 1) * 4, ' ', 2**0.5, ' ', 10 % 3, ' ', -10 % 3, ' ', int(-3.7), ' ', 9**20, ' ', fmod(10, 3), "\n";
my $text = "The quick brown fox\njumps over 13 lazy dogs 42 times"; my @n = $text =~ /(\d+)/g; print "@n\n";
(my $t = $text) =~ s/(\w+)/\u$1/g; print "$t\n"; $t =~ tr/a-z/A-Z/; print "$t\n"; print join('|', split /\s+/, $text, 4), "\n";
print "named: $+{year}\n" if '2024-05' =~ /(?<year>\d{4})-(?<m>\d\d)/; my $re = qr/(\((?:[^()]++|(?1))*\))/; print "$1\n" if 'x(a(b)c)y' =~ $re;
print md5_hex('hello'), ' ', sha256_hex('hello'), ' ', encode_base64('hello world' x 5, ''), "\n";
print Math::BigInt->new('123456789012345678901234567890')->bpow(3), ' ', Math::BigFloat->new(2)->bsqrt(40), "\n";
my $s = thaw(freeze({ k => [1 .. 5] })); print "@{$s->{k}}\n"; print encode('UTF-8', "\x{e9}\x{20ac}"), ' ', length(decode('UTF-8', "\xc3\xa9")), ' ', length(NFD("\x{e9}")), "\n";
print JSON::PP->new->canonical->encode({ b => [1, 'x', \1], a => { n => undef } }), "\n"; print strftime('%Y-%m-%d %H:%M:%S', gmtime(86400 * 365)), "\n";
package Animal { sub new { my ($c, %a) = @_; bless {%a}, $c } sub speak { my $s = shift; sprintf '%s says %s', $s->{name}, $s->sound } sub DESTROY { print "gone $_[0]{name}\n" } }
package Dog { our @ISA = ('Animal'); sub sound { 'woof' } } { my $d = Dog->new(name => 'rex'); print $d->speak, ' ', ref $d, ' ', $d->isa('Animal'), "\n"; }
eval { die { code => 7 } }; print "caught $@->{code}\n"; eval { my $x = 1 / 0; }; print "err: $@"; local $SIG{__WARN__} = sub { print "warn: @_" }; warn "careful\n";
my $dir = tempdir(CLEANUP => 1); open my $fh, '>', "$dir/f" or die; print $fh "line $_\n" for 1 .. 5; close $fh; open $fh, '<', "$dir/f"; my @l = <$fh>; print scalar(@l), " $l[-1]"; close $fh;
print -s "$dir/f", ' ', (-d $dir ? 'dir' : ''), ' ', (-e "$dir/none" ? '' : "none: $!"), "\n"; my @found; find(sub { push @found, $_ }, $dir); print scalar(@found), "\n";
my @sorted = sort { $a->[1] <=> $b->[1] || $a->[0] cmp $b->[0] } map { [$_, length] } qw(pear fig apple kiwi banana); print join(' ', map { $_->[0] } @sorted), "\n";
local $SIG{ALRM} = sub { print "alarm\n" }; Time::HiRes::alarm(0.02); select(undef, undef, undef, 1); my @p = pack('NnCa*', 1, 2, 3, 'abc'); print unpack('H*', $p[0]), "\n";
my @primes = grep { my $n = $_; $n > 1 && !grep { $n % $_ == 0 } 2 .. sqrt $n } 1 .. 200; print "@primes\n"; my $str = ''; $str .= chr(65 + $_ % 26) for 1 .. 100000; print length($str), ' ', md5_hex($str), "\n";
sub fib { my $n = shift; $n < 2 ? $n : fib($n - 1) + fib($n - 2) } print fib(18), "\n"; my $sub = do { my $c = 0; sub { ++$c } }; $sub->() for 1 .. 4; print $sub->(), "\n"; print wrap('', '  ', 'word ' x 30), "\n";
format STDOUT =
@<<<<<<< @>>>>> @##.##
'name', 12, 3.14159
.
write; print sprintf('%vd', '1.22.333'), " $0 @ARGV\n"; while (<STDIN>) { chomp; print "$.: ", scalar reverse, "\n" } my $pid = eval { 1 }; exit 3;
