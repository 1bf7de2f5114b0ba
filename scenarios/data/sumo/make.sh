#!/bin/sh
# Makes town.fcd.xml, the movement of a bus and 24 cars in a made-up town of 1.7 km by 1.7 km with traffic lights, by
# SUMO 1.15 (Debian 12: apt-get install sumo). Usage: ./make.sh, in this folder; town.trips.xml is its input.
set -eu
cd "$(dirname "$0")"
netgenerate --rand --rand.iterations=60 --rand.min-distance 120 --rand.max-distance 250 --rand.min-angle 50 --seed 7 \
  --tls.guess --default.lanenumber 1 --output-file town.net.xml
duarouter --net-file town.net.xml --route-files town.trips.xml --output-file town.rou.xml --seed 7
sumo --net-file town.net.xml --route-files town.rou.xml --begin 0 --end 400 --step-length 1 --seed 7 --no-step-log \
  --xml-validation never --fcd-output town.fcd.xml --fcd-output.attributes x,y,speed --device.fcd.period 2 --precision 1
# The options that SUMO notes at the head hold the date and the machine's folders.
sed -i '/^<!--/,/^-->/d' town.fcd.xml
rm -f town.net.xml town.rou.xml town.rou.alt.xml
