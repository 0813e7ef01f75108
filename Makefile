# Builds, tests and installs bk: four binaries over one static library. `make help` lists the
# targets.
#
# One make, not recursive, and everything it writes goes below $(B). A make calls itself only to
# build the same sources a second time in another way (sanitizers, coverage, clang), each in a
# directory of its own. CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS belong to you: they come last, and
# nothing here changes them.

VERSION := 1.2.0

# --- where things go (GNU names; DESTDIR stages an installation) ---

prefix = /usr/local
exec_prefix = $(prefix)
bindir = $(exec_prefix)/bin
sysconfdir = /etc
datarootdir = $(prefix)/share
mandir = $(datarootdir)/man
docdir = $(datarootdir)/doc/bk
INSTALL = install
INSTALL_PROGRAM = $(INSTALL)
INSTALL_DATA = $(INSTALL) -m 644

# --- switches ---
#
#   SAN=address,undefined   build with these sanitizers
#   COV=yes                 build for gcov
#   HOOKS=yes               build with the points of the fault suite, see lib/db/hook.h
#   WERROR=yes              warnings are errors; CI=true implies it
#   B=DIR                   build there
#   DEPS=no                 never look for packages, nor install them
#   T='WORD...'             run only the tests with such a word in their name
#   V=1                     show the commands
#
# All but DEPS, WERROR and CI are heeded on the command line only: a T that happens to be in the
# environment must not skip tests.

SAN :=
COV :=
HOOKS :=
T :=
V :=
DEPS ?= yes
WERROR ?= $(if $(filter true,$(CI)),yes)
comma := ,
B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(COV),-coverage)$(if $(HOOKS),-hooks)
CFLAGS ?= -O2 -g

# Prints one short line for each step; V=1 shows the command.
say = $(if $(V),,@printf "  %-4s %s\n" $(1) $@;)
MAKEFLAGS += --no-builtin-rules

# --- sources ---

PROGRAMS := bkactivate bknoshow bkmaint bkstatus
LIB_SRC := $(wildcard lib/*/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
DB_SRC := $(wildcard tests/db/test_*.c)
SUPPORT_SRC := $(wildcard tests/support/*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
CLI_TESTS := $(wildcard tests/cli/test_*.sh)
FAULT_SRC := $(wildcard tests/faults/*.c)
FAULT_TESTS := $(wildcard tests/faults/test_*.sh)
SQL := $(wildcard sql/*.sql sql/schema/*.sql)
MAN := $(wildcard man/*.[157])
C_SRC := $(PROGRAMS:%=cmd/%.c) $(LIB_SRC) $(SUPPORT_SRC) $(UNIT_SRC) $(DB_SRC) $(FAULT_SRC) \
	$(BENCH_SRC)
HEADERS := $(wildcard lib/*/*.h tests/*/*.h)

GENERATED := $(B)/gen/sql_embedded.c
LIB := $(B)/libbk.a
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(GENERATED:.c=.o)
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(B)/%.o)
BINARIES := $(PROGRAMS:%=$(B)/%)
UNIT_TESTS := $(UNIT_SRC:%.c=$(B)/%)
DB_TESTS := $(DB_SRC:%.c=$(B)/%)
FAULT_PROGRAMS := $(FAULT_SRC:%.c=$(B)/%)
BENCH_TOOLS := $(BENCH_SRC:%.c=$(B)/%)

# --- what to install first, and how many jobs ---
#
# These goals promise to be complete on a machine with git and make only: they install what is
# missing first. That is an order-only prerequisite of the flags file, hence of every object. A
# plain `make` never installs anything.

GOALS := $(or $(MAKECMDGOALS),all)
NEEDS := $(if $(filter check% demo% coverage memcheck lint format bench,$(GOALS)),build) \
	$(if $(filter check% coverage memcheck lint bench,$(GOALS)),test) \
	$(if $(filter demo%,$(GOALS)),server) $(if $(filter check-faults,$(GOALS)),faults) \
	$(if $(filter lint format,$(GOALS)),lint) $(if $(filter memcheck,$(GOALS)),memcheck)
NEEDS := $(if $(filter no,$(DEPS)),,$(strip $(NEEDS)))

# A -j on the command line still wins, as later options do; a make started by this one shares its
# job server.
ifeq ($(MAKELEVEL)$(if $(NEEDS),,none),0)
MAKEFLAGS += -j$(shell nproc)
endif

# --- flags ---
#
# What has to ask the compiler or pkg-config is asked when the first recipe needs it, after the
# packages are there, and once: `lazy` replaces the variable by its value on first use.

lazy = $(eval $(1) := $$(shell $(2)))$($(1))
PKGS := libpq json-c libconfuse smartcols zlib
PKG_CFLAGS = $(call lazy,PKG_CFLAGS,pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(call lazy,PKG_LIBS,pkg-config --libs $(PKGS) 2>/dev/null)
CHECK_CFLAGS = $(call lazy,CHECK_CFLAGS,pkg-config --cflags check 2>/dev/null)
CHECK_LIBS = $(call lazy,CHECK_LIBS,pkg-config --libs check 2>/dev/null)

BK_CPPFLAGS = -Ilib -I$(B)/gen
BK_CPPFLAGS += -D_POSIX_C_SOURCE=200809L     # what is not POSIX 2008 is asked for by name
BK_CPPFLAGS += -DBK_VERSION='"$(VERSION)"' -DBK_SYSCONFDIR='"$(sysconfdir)"'
BK_CPPFLAGS += -include lib/base/banned.h    # calls nobody may make
BK_CPPFLAGS += $(if $(filter yes,$(HOOKS)),-DBK_TEST_HOOKS)

BK_CFLAGS = -std=c17
BK_CFLAGS += -Wall -Wextra                   # the usual mistakes
BK_CFLAGS += -Wpedantic                      # ISO C, which gcc and clang agree on
BK_CFLAGS += -Wshadow                        # the reader takes one name for the other
BK_CFLAGS += -Wconversion                    # a count or a time that silently loses bits
BK_CFLAGS += -Wformat=2                      # formats that do not fit or are no literals
BK_CFLAGS += -Wstrict-prototypes             # f() takes anything; f(void) is meant
BK_CFLAGS += -Wmissing-prototypes            # a function that is neither static nor in a header
BK_CFLAGS += -Wvla                           # no size from outside on the stack
BK_CFLAGS += -Walloca                        # the same
BK_CFLAGS += -Wwrite-strings                 # a string literal is const
BK_CFLAGS += -Wundef                         # a misspelt macro in #if counts as 0
BK_CFLAGS += -Wswitch-enum                   # a new state needs a thought in every switch
BK_CFLAGS += $(if $(filter yes,$(WERROR)),-Werror) # in CI only: users may have a newer compiler
BK_CFLAGS += -ffile-prefix-map=$(CURDIR)=.   # the same binary from any directory
BK_CFLAGS += -fPIE                           # with -pie: addresses that cannot be predicted
BK_CFLAGS += -fstack-protector-strong        # an overrun of a stack buffer ends the program
BK_CFLAGS += $(PROBED)
BK_CFLAGS += $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
BK_CFLAGS += $(if $(COV),--coverage)

# These depend on the processor: taken where the compiler knows them.
#   -fstack-clash-protection   a large frame cannot jump over the guard page
#   -fcf-protection            indirect jumps land only where a jump is expected (x86)
PROBES := -fstack-clash-protection -fcf-protection
PROBED = $(call lazy,PROBED,for f in $(PROBES); do \
	$(CC) -Werror $$$$f -c -x c /dev/null -o /dev/null 2>/dev/null && echo $$$$f; done)

# Checked string functions; the sanitizers do better, they need -O, and yours is taken if you chose
# a level.
ifeq ($(SAN)$(COV)$(filter -O0,$(CFLAGS))$(findstring _FORTIFY_SOURCE,$(CFLAGS)$(CPPFLAGS)),)
BK_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

BK_LDFLAGS = -pie
BK_LDFLAGS += -Wl,-z,relro,-z,now            # the jump tables are read-only before main starts
BK_LDFLAGS += -Wl,--as-needed                # no library that is not used
BK_LDFLAGS += $(if $(SAN),-fsanitize=$(SAN)) $(if $(COV),--coverage)

COMPILE = $(strip $(CC) $(BK_CPPFLAGS) $(PKG_CFLAGS) $(EXTRA_CFLAGS) $(CPPFLAGS) \
	$(BK_CFLAGS) $(CFLAGS))
LINK = $(strip $(CC) $(BK_CFLAGS) $(CFLAGS) $(BK_LDFLAGS) $(LDFLAGS))

# --- build ---

.DELETE_ON_ERROR:

.PHONY: all
all: $(BINARIES) ## build the four programs (the default)

$(BINARIES): $(B)/%: $(B)/cmd/%.o $(LIB)
	$(call say,LINK)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

# Removed first, because ar keeps members whose source is gone.
$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcsD $@ $^

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags
	$(call say,CC)$(COMPILE) -MMD -MP -c -o $@ $<

# Private: the library is not to be compiled in another way because a test asked for it.
$(B)/tests/%: private EXTRA_CFLAGS = -Itests/support $(CHECK_CFLAGS)

$(UNIT_TESTS) $(DB_TESTS): $(B)/tests/%: $(B)/tests/%.o $(SUPPORT_OBJ) $(LIB)
	$(call say,LINK)$(LINK) -o $@ $^ $(PKG_LIBS) $(CHECK_LIBS) $(LDLIBS)

$(FAULT_PROGRAMS): $(B)/tests/%: $(B)/tests/%.o $(LIB)
	$(call say,LINK)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

# Without the library, and with no more of the others than libpq: one is to be the least that a
# program can be.
$(BENCH_TOOLS): $(B)/tests/bench/%: $(B)/tests/bench/%.o
	$(call say,LINK)$(LINK) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

# Changes when a flag, the compiler or a library's flags change, and then everything is compiled
# anew.
$(B)/flags: FORCE | $(if $(NEEDS),packages)
	@mkdir -p $(@D)
	@pkg-config --exists --print-errors $(PKGS) || \
		{ echo "bk: 'make deps' installs what is missing" >&2; exit 1; }
	@printf '%s\n' "$$($(CC) --version | sed 1q)" $(call quote,$(COMPILE)) \
		$(call quote,$(LINK) $(PKG_LIBS)) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
quote = '$(subst ','\'',$(1))'

# Each file of sql/ as a byte array, named by its path below sql/ without ".sql", in the order of
# the bytes.
$(GENERATED): $(SQL) $(B)/gen/sql_names
	@{ echo '/* Generated from sql/: do not edit. */'; echo '#include "db/sqlfile.h"'; \
	n=0; while read -r name; do \
		printf '\nstatic const unsigned char text_%d[] = { /* %s */\n' "$$n" "$$name"; \
		od -An -v -tu1 "sql/$$name.sql" | sed 's/  *\([0-9][0-9]*\)/\1,/g'; \
		echo '0 };'; n=$$((n + 1)); \
	done <$(B)/gen/sql_names; \
	printf '\nconst struct bk_sql_file bk_sql_files[] = {\n'; \
	n=0; while read -r name; do \
		printf '\t{ "%s", text_%d, sizeof(text_%d) - 1 },\n' "$$name" "$$n" "$$n"; \
		n=$$((n + 1)); \
	done <$(B)/gen/sql_names; \
	printf '};\nconst size_t bk_sql_files_count = %d;\n' "$$n"; } >$@.new
	@mv $@.new $@

# So that a file that was removed or renamed is noticed.
$(B)/gen/sql_names: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(patsubst sql/%.sql,%,$(SQL)) | LC_ALL=C sort >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

-include $(C_SRC:%.c=$(B)/%.d) $(GENERATED:.c=.d)

.PHONY: FORCE packages deps
FORCE:

packages:
	@etc/dev/deps.sh $(NEEDS)

deps: ## install what `make check` and `make demo` need
	etc/dev/deps.sh build test

# --- try it ---

.PHONY: demo demo-shell
demo: all ## a throw-away PostgreSQL, sample bookings, every job once; removed at the end
	@BK_BIN=$(abspath $(B)) etc/dev/demo.sh

demo-shell: all ## the same, and a shell in which to try the tools
	@BK_BIN=$(abspath $(B)) etc/dev/demo.sh --shell

# --- test ---

.PHONY: check check-unit check-db check-cli check-faults check-asan coverage memcheck
has_word = $(strip $(foreach w,$(T),$(findstring $w,$(notdir $(1)))))
pick = $(if $(T),$(foreach f,$(1),$(if $(call has_word,$f),$f)),$(1))
run = tests/run.sh --bin=$(B)

check: all $(UNIT_TESTS) $(DB_TESTS) $(BENCH_TOOLS) ## run every test
	@$(run) --unit $(call pick,$(UNIT_TESTS)) --db $(call pick,$(DB_TESTS)) \
		--cli $(call pick,$(CLI_TESTS))

check-unit: $(UNIT_TESTS) ## only the tests without a database
	@$(run) --unit $(call pick,$(UNIT_TESTS))

check-db: all $(DB_TESTS) ## only the tests of the library against PostgreSQL
	@$(run) --db $(call pick,$(DB_TESTS))

check-cli: all $(BENCH_TOOLS) ## only the tests of the programs
	@$(run) --cli $(call pick,$(CLI_TESTS))

# The programs are built a second time, with the points at which they can be killed.
check-faults: all $(FAULT_PROGRAMS) ## what runs do when processes, servers and networks fail
	+@$(MAKE) --no-print-directory all HOOKS=yes B=$(B)-hooks
	@$(run) --hooks=$(B)-hooks --faults $(call pick,$(FAULT_TESTS))

check-asan: ## every test, with the address and undefined behaviour sanitizers
	+@$(MAKE) --no-print-directory check SAN=address,undefined

# The counts of an earlier run, or of objects that are gone, would be added or complained about.
coverage: ## every test, then the share of lines they reach, by file
	@rm -rf build-coverage
	+@$(MAKE) --no-print-directory check COV=yes CFLAGS='-O0 -g'
	@etc/dev/coverage.sh build-coverage

memcheck: $(UNIT_TESTS) ## the tests without a database, under valgrind
	@$(run) --valgrind --unit $(call pick,$(UNIT_TESTS))

# --- measure ---

.PHONY: bench
bench: all $(BENCH_TOOLS) ## measure the speed against what one would write by hand, some 20 minutes
	@tests/bench/run.sh --bin=$(B) --lines=$(call quote,$(T)) --out=$(B)/bench.json

# --- lint ---

.PHONY: lint format syntax
SCRIPTS := $(wildcard .ci/run etc/dev/*.sh tests/*.sh tests/*/*.sh)

lint: $(if $(NEEDS),packages) ## house rules, format, manual pages, scripts, and clang
	tests/lint/run.sh
	clang-format --dry-run -Werror $(wildcard $(C_SRC)) $(HEADERS)
	mandoc -T lint -W warning $(MAN)
	shellcheck -S warning $(SCRIPTS)
	+@$(MAKE) --no-print-directory syntax CC=clang B=build-clang WERROR=yes

# Every source and every header by itself, all flags, no output.
syntax: $(patsubst %,$(B)/%.ok,$(C_SRC) $(HEADERS))
$(B)/%.ok: % $(B)/flags
	@mkdir -p $(@D)
	$(call say,LINT)$(COMPILE) -fsyntax-only -MMD -MP -MT $@ -MF $@.d \
		$(if $(filter %.h,$<),-x c -include $< /dev/null,$<)
	@touch $@
-include $(patsubst %,$(B)/%.ok.d,$(C_SRC) $(HEADERS))

format: $(if $(NEEDS),packages) ## bring the sources into the one format
	clang-format -i $(wildcard $(C_SRC)) $(HEADERS)

# --- install ---

.PHONY: install uninstall clean distclean help
CONFIG := $(wildcard etc/bk.conf etc/bk-*.conf)
EXAMPLES := $(wildcard etc/crontab.example)
MAPPINGS := $(wildcard etc/mappings/*.conf)
MONITORING := $(wildcard etc/prometheus/*.yml etc/grafana/*.json)

install: all ## install below prefix, and the configuration below sysconfdir
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(sysconfdir)/bk $(DESTDIR)$(docdir)
	$(INSTALL_PROGRAM) $(BINARIES) $(DESTDIR)$(bindir)
	@for page in $(MAN); do \
		dir=$(DESTDIR)$(mandir)/man$${page##*.}; \
		$(INSTALL) -d "$$dir" && $(INSTALL_DATA) "$$page" "$$dir" || exit 1; done
	@for file in $(CONFIG); do \
		to=$(DESTDIR)$(sysconfdir)/bk/$${file##*/}; \
		if [ -e "$$to" ] && ! cmp -s "$$file" "$$to"; then \
			echo "bk: $$to is kept, the new one is $$to.new"; to=$$to.new; fi; \
		$(INSTALL_DATA) "$$file" "$$to" || exit 1; done
	$(if $(EXAMPLES),$(INSTALL_DATA) $(EXAMPLES) $(DESTDIR)$(docdir))
	$(if $(MAPPINGS),$(INSTALL) -d $(DESTDIR)$(docdir)/mappings)
	$(if $(MAPPINGS),$(INSTALL_DATA) $(MAPPINGS) $(DESTDIR)$(docdir)/mappings)
	$(if $(MONITORING),$(INSTALL) -d $(DESTDIR)$(docdir)/monitoring)
	$(if $(MONITORING),$(INSTALL_DATA) $(MONITORING) $(DESTDIR)$(docdir)/monitoring)

uninstall: ## remove what install put there, except the configuration
	rm -f $(PROGRAMS:%=$(DESTDIR)$(bindir)/%)
	rm -f $(foreach page,$(notdir $(MAN)),\
		$(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(page)))/$(page))
	rm -f $(EXAMPLES:etc/%=$(DESTDIR)$(docdir)/%) $(MAPPINGS:etc/%=$(DESTDIR)$(docdir)/%)
	rm -f $(addprefix $(DESTDIR)$(docdir)/monitoring/,$(notdir $(MONITORING)))
	-rmdir $(addprefix $(DESTDIR)$(docdir),/monitoring /mappings /) 2>/dev/null || :

clean: ## remove this build
	rm -rf $(B)

distclean: ## remove every build
	rm -rf build build-*

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile
