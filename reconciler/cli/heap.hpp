// Memory for commands that read much and end soon.

#pragma once

namespace trueup {

// Takes the next 64 MB of the heap's addresses in one piece, and asks the kernel to fill them with
// huge pages as they are used: 2 MB at a time instead of 4 KB, of which a plan over 10,000 objects
// needs 12,000, and each costs microseconds. Nothing that is freed goes back before the end. Does
// nothing where the system does not give it.
void reserve_heap();

} // namespace trueup
