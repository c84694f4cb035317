# Perl: hashes, regular expressions, string building, sorting, floating point. usage: perl work.pl [scale]
use strict;
my $scale = @ARGV ? $ARGV[0] : 1;
my (%count, @words);
my $seed = 42;
for my $i (1 .. int(60000 * $scale)) {
  $seed = ($seed * 1103515245 + 12345) % 2147483648;
  my $word = join '', map { chr(97 + (($seed >> $_) & 15)) } 3, 7, 11, 15;
  $count{$word}++;
  push @words, $word if $i % 3 == 0;
}
my $text = join ' ', @words;
my $vowels = () = $text =~ /[aeio]+/g;
(my $swapped = $text) =~ s/(\w)(\w+)/$2$1/g;
my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 4];
my $sum = 0;
$sum += sqrt($_) * 1.5 for 1 .. int(200000 * $scale);
printf "%d %d %s %.6f\n", $vowels, length $swapped, join(',', map { "$_=$count{$_}" } @top), $sum;
print unpack('%32C*', $swapped), "\n";
