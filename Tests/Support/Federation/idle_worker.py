#!/usr/bin/env python3
"""An external executor that does nothing, so that what an agent does around a task can be measured."""

import json
import sys

print('{"ready":true}', flush=True)
for line in sys.stdin:
    print('{"id":"' + json.loads(line)["id"] + '","result":{},"quality":1.0}', flush=True)
