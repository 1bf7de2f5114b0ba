"""How nodes move: models that draw a way, files that hold one, and riding along.

    from kamesim import movement

    node.wander(movement.RandomWaypoint((0, 0, 1000, 1000), speed=(1, 15), pause=(0, 60)), until=600)
    node.wander(movement.GaussMarkov((0, 0, 1000, 1000), speed=10), until=600)
    node.wander(movement.ManhattanGrid((0, 0, 1000, 1000), blocks=(5, 5), speed=(5, 15)), until=600)

    for name, way in movement.read_ns2("scenario.tcl").items():     # or read_sumo("fcd.xml")
        net.host(f"mn{name}", position=way[0][1]).waypoints(way)

    passenger.ride(bus, offset=(0, 4))

A way is a list of waypoints (time in seconds, (x, y) in metres), as `node.waypoints` takes it. What a model draws
depends on the network's seed and the node's name only.
"""

from kamesim.movement.area import Area, Way
from kamesim.movement.gauss_markov import GaussMarkov
from kamesim.movement.manhattan import ManhattanGrid
from kamesim.movement.ns2 import read_ns2
from kamesim.movement.random_waypoint import RandomWaypoint
from kamesim.movement.sumo import read_sumo

__all__ = ["Area", "GaussMarkov", "ManhattanGrid", "RandomWaypoint", "Way", "read_ns2", "read_sumo"]
