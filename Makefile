# sage-edge: everything a developer runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash

SWIFT      ?= swift
TOOLCHAIN  := $(shell dirname "$$(dirname "$$(readlink -f "$$(command -v $(SWIFT) || echo /usr/bin/swift)")")")
# The object outliner of Swift 6.3 numbers the array literals of a public function anew in every module that
# copies the function; the linker then keeps one of several different arrays of the same name (.ci/check-objects).
# -Osize keeps the program below 6 MB; what it costs in speed, `make bench` shows. With DeferredCodeGen modules are not
# made into machine code of their own that the program then makes again.
EMBEDDED   := -Xswiftc -enable-experimental-feature -Xswiftc Embedded -Xswiftc -enable-experimental-feature \
	-Xswiftc DeferredCodeGen -Xswiftc -wmo -Xswiftc -Osize \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=object-outliner
UNICODE    := $(TOOLCHAIN)/lib/swift/embedded
EMBEDDED_LINK := -Xlinker $(UNICODE)/x86_64-unknown-linux-gnu/libswiftUnicodeDataTables.a -Xlinker -lm \
	-Xlinker --gc-sections
ARM64      := .build/aarch64-sysroot
# Seeds of the simulator, from which on; and for how many seconds `make test` runs other ones each time.
SEEDS      ?= 2000
FIRST_SEED ?= 1
SIMULATION_SECONDS ?= 480
# Seeds of the experiments.
EXPERIMENT_SEEDS ?= 1 2 3
# Rounds of the soak, and the seed of its random moments, a new one each time by default; or the one to simulate.
COUNT      ?= 200
SEED       ?=
# Seconds for which bench watches an idle agent, and which measures it takes; all by default.
IDLE       ?= 30
MEASURES   ?=
# Requests that schemathesis makes up; SEED= repeats a run.
CASES      ?= 5000
# Seconds for each fuzz target, and which ones; all by default.
SECONDS    ?= 60
TARGETS    ?=
# The version stands in the source; where `make install` puts things.
VERSION    := $(shell sed -n 's/.*static let text = "\(.*\)"/\1/p' Sources/sage-edge/Version.swift)
PREFIX     ?= /usr/local
DESTDIR    ?=
SWIFT_FILES := Package.swift Sources Tests

.PHONY: experiment
.PHONY: install man deb deb-amd64 deb-arm64 check-deb stops
.PHONY: help build arm64 test test-arm64 lint format demo sim bench soak fuzz clean packages packages-arm64 simulation-embedded \
	test-arm64-telemetry embedded-programs test-units test-programs simulate schemathesis

help: ## Show this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

packages: ## Install what building and testing needs (apt), if it is missing
	@.ci/packages

packages-test: packages
	@.ci/packages test

packages-arm64: packages
	@.ci/packages arm64
	@.ci/arm64-sysroot $(ARM64)

build: packages ## The shipped program (Embedded Swift): build/sage-edge
	$(SWIFT) build -c release --scratch-path .build/embedded $(EMBEDDED) --product sage-edge \
		$(EMBEDDED_LINK)
	@.ci/check-objects .build/embedded/release/sage-edge.product/Objects.LinkFileList
	@mkdir -p build
	@install -m 755 .build/embedded/release/sage-edge build/sage-edge
	@$(TOOLCHAIN)/bin/llvm-objcopy --strip-all build/sage-edge
	@.ci/check-symbols build/sage-edge
	@ls -l build/sage-edge

arm64: packages-arm64 ## The shipped program for aarch64: build/aarch64/sage-edge
	@.ci/build-arm64 $(SWIFT) $(TOOLCHAIN) $(ARM64)
	@.ci/check-symbols build/aarch64/sage-edge
	@ls -l build/aarch64/sage-edge

# The simulator as Embedded Swift, the build that `make test` runs: its rules are then those of the shipped program.
simulation-embedded: packages
	$(SWIFT) build -c release --scratch-path .build/embedded $(EMBEDDED) --product sage-edge-simulation \
		$(EMBEDDED_LINK)

man: build ## The manual pages: build/man
	@mkdir -p build/man
	@for page in sage-edge.1 sage-edge.yaml.5; do build/sage-edge manual $${page%.*} > build/man/$$page; done
	@ls build/man

install: build ## Put program, units, manual pages and completions under DESTDIR and PREFIX=/usr/local
	@packaging/install build/sage-edge build/sage-edge "$(DESTDIR)" "$(PREFIX)"

deb-amd64: build ## The Debian package for amd64
	@packaging/build-deb amd64 build/sage-edge build/sage-edge $(VERSION) build

deb-arm64: build arm64 ## The Debian package for arm64
	@packaging/build-deb arm64 build/aarch64/sage-edge build/sage-edge $(VERSION) build

deb: deb-amd64 deb-arm64 ## Both Debian packages: build/*.deb

check-deb: deb ## Verify units, lint, install, upgrade, remove and purge the packages in throw-away roots (as root)
	@.ci/packages deb
	@packaging/check $(VERSION) build

test-arm64: build arm64 simulation-embedded ## Run the aarch64 programs under qemu, beside the x86-64 ones
	@.ci/build-arm64 $(SWIFT) $(TOOLCHAIN) $(ARM64) sage-edge-simulation
	$(SWIFT) build -c release --product sage-edge-simulation
	@.ci/test-arm64 $(ARM64) .build/release/sage-edge-simulation .build/embedded/release/sage-edge-simulation

test-arm64-telemetry: build arm64 ## The telemetry of all captures by the aarch64 program alone
	@.ci/test-arm64 $(ARM64)

bench: build ## Measure this machine, beside the peers (IDLE=30 seconds, MEASURES="link start" for some)
	$(SWIFT) build -c release --scratch-path .build/embedded $(EMBEDDED) --product sage-edge-bench \
		$(EMBEDDED_LINK)
	@.ci/packages bench
	@.ci/bench .build/embedded/release/sage-edge-bench build/sage-edge $(IDLE) $(MEASURES)

# What one compiler leaves of two processors is for the tests that need no program; what tests of programs leave, which
# mostly wait, is for the simulator.
test: packages-test ## Build and run all tests, end to end with the shipped program
	@$(MAKE) --no-print-directory -j2 embedded-programs test-units
	@$(MAKE) --no-print-directory -j2 test-programs simulate

embedded-programs: packages
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory simulation-embedded

# Those that all wait for come first.
test-units: packages-test
	@nice .ci/test $(SWIFT) units

test-programs: packages-test
	@.ci/test $(SWIFT) programs

simulate:
	@nice .ci/simulate .build/embedded/release/sage-edge-simulation $(SIMULATION_SECONDS)

sim: packages ## Run SEEDS=2000 seeds of the simulator from FIRST_SEED=1 on, or replay SEED=n
	@$(SWIFT) build -c release --product sage-edge-simulation
	@.build/release/sage-edge-simulation \
		--seeds $(or $(SEED),$(FIRST_SEED)...$(shell echo $$(($(FIRST_SEED) + $(SEEDS) - 1))))

experiment: packages ## Hold the delegation decision against an oracle and simple rules (EXPERIMENT_SEEDS="1 2 3")
	@$(SWIFT) build -c release --product sage-edge-experiment
	@.build/release/sage-edge-experiment $(EXPERIMENT_SEEDS)

lint: packages-test ## Check the layout of the code and the scripts
	@$(SWIFT) format lint --strict --configuration .swift-format --parallel -r $(SWIFT_FILES)
	@shellcheck .ci/* examples/demo/run packaging/build-deb packaging/install packaging/check packaging/check-arm64 \
		packaging/debian/postinst packaging/debian/prerm packaging/debian/postrm
	@echo "lint: clean"

format: ## Lay out the code as lint wants it
	$(SWIFT) format -i --configuration .swift-format --parallel -r $(SWIFT_FILES)

demo: build ## Three boards on this machine: measure, prove, charge, decide, delegate, settle
	@.ci/packages demo
	@examples/demo/run

soak: build ## Kill payer or worker in the middle of delegations, COUNT=200 times (SEED= repeats one)
	@.ci/packages demo
	@Tests/Soak/kill_loop.py $(COUNT) $(SEED)

stops: build ## SIGTERM in the middle of six delegations each, COUNT=200 times (SEED= repeats one)
	@.ci/packages demo
	@Tests/Soak/stop_loop.py $(COUNT) $(SEED)

schemathesis: build ## Hold a running agent against docs/openapi.yaml with CASES=5000 requests (SEED= repeats them)
	@.ci/packages schemathesis
	@.ci/schemathesis build/sage-edge $(CASES) $(SEED)

fuzz: packages-test ## Fuzz every target for SECONDS=60 (TARGETS="cbor pem" for some)
	@.ci/fuzz $(SECONDS) $(TARGETS)

clean: ## Remove everything that was built
	rm -rf .build build
