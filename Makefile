# Builds the functions for `sam build`, which calls `build-<logical id>` with ARTIFACTS_DIR set. The processor comes
# from the template's Architecture parameter: sam uses infra/build/<architecture>/Makefile, which includes this file.

ARCHITECTURE ?= arm64
FUNCTIONS := ingest evaluate dispatch webhook track feedback sweep

MACHINE_arm64 := aarch64
MACHINE_x86_64 := x86_64
MACHINE := $(MACHINE_$(ARCHITECTURE))
HOST := $(patsubst arm64,aarch64,$(shell uname -m))-$(shell uname -s)

# A binary for Amazon Linux 2023 may ask for nothing newer than this; a newer host links newer symbols without a word,
# and the function then dies at its first start.
LAMBDA_GLIBC := 2.34

ifeq ($(HOST),$(MACHINE)-Linux)
BUILDER ?= cargo
else
BUILDER ?= cargo-lambda
endif

define function
.PHONY: build-$(2)
build-$(2): build-with-$(BUILDER)-$(1)
endef

$(eval $(call function,ingest,IngestFunction))
$(eval $(call function,evaluate,EvaluateFunction))
$(eval $(call function,dispatch,DispatchFunction))
$(eval $(call function,webhook,WebhookFunction))
$(eval $(call function,track,TrackFunction))
$(eval $(call function,feedback,FeedbackFunction))
$(eval $(call function,sweep,SweepFunction))

.PHONY: $(FUNCTIONS:%=build-with-cargo-%) $(FUNCTIONS:%=build-with-cargo-lambda-%)

$(FUNCTIONS:%=build-with-cargo-%): build-with-cargo-%:
	cargo build --release --locked --package wend-$* --bin $*
	@sh infra/build/check-glibc.sh "$${CARGO_TARGET_DIR:-target}/release/$*" $(LAMBDA_GLIBC)
	cp "$${CARGO_TARGET_DIR:-target}/release/$*" "$(ARTIFACTS_DIR)/bootstrap"

$(FUNCTIONS:%=build-with-cargo-lambda-%): build-with-cargo-lambda-%:
	@cargo lambda --version >/dev/null 2>&1 || { \
		echo "cannot build for $(ARCHITECTURE) on this $(HOST) machine: install cargo-lambda (pip3 install cargo-lambda)," \
			"or choose this machine's processor with --parameter-overrides Architecture=..." >&2; exit 1; }
	cargo lambda build --release --locked --target $(MACHINE)-unknown-linux-gnu --package wend-$* --bin $*
	cp "$${CARGO_TARGET_DIR:-target}/lambda/$*/bootstrap" "$(ARTIFACTS_DIR)/bootstrap"
