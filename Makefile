# For hands used to make; each of these is one word of dev.py.
.PHONY: run test check
run test check:
	python3 dev.py $@
