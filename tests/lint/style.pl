#!/usr/bin/perl
# Sizes, words and shapes: what a file of this project may contain. Arguments: the files to look at.
use strict;
use warnings;

my $MAX_FILE = 500;
my $MAX_CMD = 150;
my $MAX_FUNCTION = 60;
my $MAX_COLUMNS = 100;
my $MAX_SCRIPT_COLUMNS = 110; # of tests: a regular expression cannot be folded
my $TAB = 8;

my $failed = 0;

sub report {
	my ($file, $line, $reason) = @_;
	print "$file:$line: $reason\n";
	$failed = 1;
}

sub columns {
	my ($text) = @_;
	my $column = 0;
	for my $char (split //, $text) {
		$column += $char eq "\t" ? $TAB - $column % $TAB : 1;
	}
	return $column;
}

# Comments and strings become blanks, newlines stay.
sub code_only {
	my ($text) = @_;
	my $blank = sub { my $s = shift; $s =~ s/[^\n]/ /g; return $s; };
	$text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}{$blank->($1)}gse;
	return $text;
}

sub check_text {
	my ($file, @lines) = @_;
	my $number = 0;
	for my $line (@lines) {
		$number++;
		report($file, $number, 'white space at the end') if $line =~ /[ \t\r]$/;
		report($file, $number, 'a note to do later belongs in an issue')
			if $line =~ /\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/;
		my $most = $file =~ m{^tests/.*\.sh$} ? $MAX_SCRIPT_COLUMNS : $MAX_COLUMNS;
		report($file, $number, "longer than $most columns")
			if $file =~ m{\.(c|h|sh|pl)$|^Makefile$|^\.ci/}
			&& columns($line) > $most;
	}
	my $max = $file =~ m{^cmd/} ? $MAX_CMD : $MAX_FILE;
	report($file, $max + 1, "has $number lines, $max is the limit")
		if $number > $max && $file !~ /\.(md|json|[157])$/;
}

# clang-format puts the braces of a function, and of nothing else, into column 1.
sub check_functions {
	my ($file, @lines) = @_;
	my ($number, $start) = (0, 0);
	for my $line (@lines) {
		$number++;
		$start = $number if $line =~ /^\{/;
		next if $line !~ /^\}/ || !$start;
		my $length = $number - $start - 1;
		report($file, $start, "a function of $length lines, $MAX_FUNCTION is the limit")
			if $length > $MAX_FUNCTION;
		$start = 0;
	}
}

sub check_header {
	my ($file, $code) = @_;
	my ($layer, $name) = $file =~ m{(\w+)/([\w-]+)\.h$} or return;
	(my $guard = "BK_\U${layer}_${name}_H") =~ s/-/_/g;
	$guard =~ s/^BK_\w+?_(?=\U$name\E_H)/TESTS_/ if $file =~ m{^tests/};
	report($file, 1, "has no include guard $guard")
		if $code !~ /^\s*#ifndef \Q$guard\E\n#define \Q$guard\E\n.*\n#endif\s*$/s;
}

# The library returns what went wrong and gives its text to the caller; it does not print and does
# not end the process.
sub check_library {
	my ($file, @lines) = @_;
	my $number = 0;
	for my $line (@lines) {
		$number++;
		report($file, $number, "$1() ends the process, which is up to cmd/")
			if $line =~ /(?<![\w.>])(exit|_exit|_Exit|quick_exit)\s*\(/;
		report($file, $number, 'abort() belongs in base/mem.c and base/error.c only')
			if $line =~ /\babort\s*\(/ && $file !~ m{^lib/base/(mem|error)\.c$};
		report($file, $number, "$1() prints to the terminal from the library")
			if $line =~ /(?<![\w.>])(printf|vprintf|puts|putchar|perror)\s*\(/;
		report($file, $number, 'stdout is known to lib/cli and cmd/ only')
			if $line =~ /\bstdout\b/ && $file !~ m{^lib/cli/};
	}
}

sub check_sleep {
	my ($file, @lines) = @_;
	my $call = $file =~ /\.[ch]$/ ? qr/(?<![\w.>])(sleep|usleep|nanosleep|clock_nanosleep)\s*\(/
		: qr/^(?!\s*#).*(?:^|[\s;&|(`])(sleep|usleep)\s+["\$.\d]/;
	my $number = 0;
	for my $line (@lines) {
		$number++;
		report($file, $number, "$1: no test sleeps, inject the clock or wait for an event")
			if $line =~ $call;
	}
}

for my $file (@ARGV) {
	open(my $in, '<', $file) or die "$file: $!\n";
	my $text = do { local $/; <$in> } // '';
	close $in;
	report($file, 1, 'is not UTF-8 text') if !utf8::decode($text) || $text =~ /\0/;
	report($file, 1, 'the last line has no newline') if $text ne '' && $text !~ /\n\z/;
	my @lines = split /\n/, $text, -1;
	pop @lines if @lines && $lines[-1] eq '';
	check_text($file, @lines);
	check_sleep($file, @lines) if $file =~ m{^tests/.*\.(c|h|sh)$};
	report($file, 1, 'must open with a comment on its job')
		if $file =~ /\.([ch]|sql)$/ && $text !~ m{^(/\*|--)};
	next if $file !~ /\.[ch]$/;
	my $code = code_only($text);
	my @code = split /\n/, $code;
	check_functions($file, @code);
	check_header($file, $code) if $file =~ /\.h$/;
	check_library($file, @code) if $file =~ m{^lib/};
}
exit $failed;
