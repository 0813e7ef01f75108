#!/usr/bin/perl
# The folders of lib/ are layers, and an #include points down: to a layer of a lower rank, or to the
# own one. Each foreign library is at home in one layer. Arguments: the files to look at.
use strict;
use warnings;

# Two layers of one rank do not see each other.
my %rank = (
	base => 1,
	conf => 2, db => 2,
	rule => 3, run => 3,
	job => 4, view => 4,
	out => 5,
	cli => 6,
	cmd => 7,
);

my @homes = (
	[qr{^(libpq-fe|libpq-events|postgres_ext|pg_config\w*)\.h$|^libpq/}, 'db', 'libpq'],
	[qr{^confuse\.h$}, 'conf', 'libconfuse'],
	[qr{^json(_\w+)?\.h$|^json-c/}, 'base', 'json-c'],
	[qr{^libsmartcols(/|\.h$)}, 'out', 'libsmartcols'],
	[qr{^zlib\.h$}, 'base', 'zlib'],
);

my $failed = 0;

sub report {
	my ($file, $line, $reason) = @_;
	print "$file:$line: $reason\n";
	$failed = 1;
}

sub check_include {
	my ($file, $line, $layer, $quoted, $name) = @_;
	for my $home (@homes) {
		my ($header, $where, $what) = @$home;
		report($file, $line, "$name: only lib/$where may know $what")
			if $name =~ $header && $layer ne $where;
	}
	return if !$quoted;
	if ($name !~ m{^(\w+)/[\w.]+$} || !exists $rank{$1} || $1 eq 'cmd') {
		report($file, $line, "\"$name\": write \"layer/name.h\"");
	} elsif ($1 ne $layer && $rank{$1} >= $rank{$layer}) {
		report($file, $line, "\"$name\": $layer may not include $1");
	}
}

# The header that must come first, which proves that it stands alone: a.h for a.c. A source without
# one shares the header of its module; then it is one of the same layer.
sub own_header {
	my ($file) = @_;
	my ($layer, $name) = $file =~ m{^lib/(\w+)/(.*)\.c$} or return;
	return -e "lib/$layer/$name.h" ? "$layer/$name.h" : "$layer/";
}

sub check_file {
	my ($file, $layer) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	my $own = own_header($file);
	while (my $text = <$in>) {
		next if $text !~ /^\s*#\s*include\s*(["<])([^">]+)[">]/;
		my ($quoted, $name) = ($1 eq '"', $2);
		report($file, $., "the first include must be its own header, $own")
			if defined $own && ($quoted ? $name !~ m{^\Q$own\E} : 1);
		$own = undef;
		check_include($file, $., $layer, $quoted, $name);
	}
	report($file, 1, "does not include its own header, $own") if defined $own;
}

for my $file (@ARGV) {
	if ($file =~ m{^lib/(\w+)/[^/]+\.[ch]$} && exists $rank{$1}) {
		check_file($file, $1);
	} elsif ($file =~ m{^cmd/[^/]+\.[ch]$}) {
		check_file($file, 'cmd');
	} elsif ($file =~ m{^(lib|cmd)/}) {
		report($file, 1, 'not the place of a source: lib/LAYER/name.[ch] or cmd/name.c');
	}
}
exit $failed;
