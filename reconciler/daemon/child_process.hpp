// Runs a program to its end beside the event loop, within a deadline, and keeps what it said.
//
// Knows nothing of git. The program gets no terminal, no descriptor of ours and just the
// environment that is named; when its time is over it is killed with all that it started.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/result.hpp"
#include "state/model/task.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace trueup {

struct ChildCommand {
    ChildCommand() = default;

    std::string program; // looked for in PATH
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment; // all of it
    Duration deadline = std::chrono::minutes(2);
    std::size_t output_bytes_max = std::size_t{64}
                                   << 10U; // of each stream; the rest is thrown away
};

struct ChildResult {
    ChildResult() = default;

    int exit_code = -1; // 128 + n when a signal ended it
    std::string out;
    std::string err;
};

class ChildRunner {
public:
    ChildRunner() = default;
    ChildRunner(const ChildRunner&) = delete;
    ChildRunner& operator=(const ChildRunner&) = delete;
    virtual ~ChildRunner() = default;

    // Fails with not_found when there is no such program, with timed_out when it did not end in
    // time, and with internal when it cannot be started. Whatever its exit code, it is a result.
    virtual Task<Result<ChildResult>> run(ChildCommand command) = 0;
    // Ends what runs, which then fails with cancelled, and lets nothing new begin.
    virtual void stop() = 0;
};

// `context` and `clock` outlive it.
std::unique_ptr<ChildRunner> make_child_runner(boost::asio::io_context& context, Clock& clock);

} // namespace trueup
