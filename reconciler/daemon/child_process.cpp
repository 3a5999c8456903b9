// Boost.Process would want Boost.Filesystem, which is otherwise not needed.
#define BOOST_PROCESS_USE_STD_FS

#include "reconciler/daemon/child_process.hpp"

#include "api/http/one_shot.hpp"

#include <boost/asio/read.hpp>
#include <boost/process/args.hpp>
#include <boost/process/async.hpp>
#include <boost/process/async_pipe.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/group.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>
#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace trueup {

namespace {

namespace asio = boost::asio;
namespace bp = boost::process;

constexpr int signal_base = 128;

// In the new process, just before the program: none of our descriptors reaches it but the streams.
void keep_ours()
{
    constexpr unsigned first_after_streams = 3;
    ::close_range(first_after_streams, ~0U, CLOSE_RANGE_CLOEXEC);
}

// One program that runs. Lives until its last handler has run.
class Running : public std::enable_shared_from_this<Running> {
public:
    Running(asio::io_context& context, std::size_t bytes_max)
        : done(context.get_executor()),
          context_(context),
          out_(context, bytes_max),
          err_(context, bytes_max)
    {
    }

    Result<void> start(const ChildCommand& command)
    {
        const auto path = bp::search_path(command.program);
        if (path.empty())
            return Error{
                Errc::not_found, "there is no program " + command.program, "", "install it"};
        bp::environment environment;
        for (const auto& [name, value] : command.environment)
            environment[name] = value;
        std::error_code failure;
        child_ = bp::child(
            bp::exe = path.string(),
            bp::args = command.arguments,
            environment,
            bp::std_in<bp::null, bp::std_out> out_.pipe,
            bp::std_err > err_.pipe,
            bp::extend::on_exec_setup = [](auto&) { keep_ours(); },
            group_,
            context_,
            failure,
            bp::on_exit =
                [self = shared_from_this()](int, const std::error_code&) {
                    self->exited_ = true;
                    self->finish();
                });
        if (failure)
            return Error{Errc::internal,
                         command.program + " cannot be started: " + failure.message()};
        read(out_);
        read(err_);
        return {};
    }

    // Ends it and all that it started.
    void kill()
    {
        killed_ = true;
        std::error_code ignored;
        group_.terminate(ignored);
        // Whatever still holds the pipes is not waited for.
        out_.pipe.close();
        err_.pipe.close();
    }

    ChildResult result() const
    {
        ChildResult result;
        const int status = child_.native_exit_code();
        result.exit_code =
            WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : child_.exit_code();
        result.out = out_.text;
        result.err = err_.text;
        return result;
    }
    bool killed() const { return killed_; }

    OneShot<bool> done;

private:
    struct Stream {
        Stream(asio::io_context& context, std::size_t max) : pipe(context), bytes_max(max) {}

        bp::async_pipe pipe;
        std::array<char, 4096> buffer{};
        std::string text;
        std::size_t bytes_max;
        bool ended = false;
    };

    void read(Stream& stream)
    {
        stream.pipe.async_read_some(
            asio::buffer(stream.buffer),
            [self = shared_from_this(), &stream](boost::system::error_code failure,
                                                 std::size_t count) {
                const std::size_t room = stream.bytes_max - stream.text.size();
                stream.text.append(stream.buffer.data(), std::min(count, room));
                if (!failure) {
                    self->read(stream);
                    return;
                }
                stream.ended = true;
                self->finish();
            });
    }

    void finish()
    {
        if (exited_ && out_.ended && err_.ended)
            done.put(true);
    }

    asio::io_context& context_;
    Stream out_;
    Stream err_;
    bp::group group_;
    bp::child child_;
    bool exited_ = false;
    bool killed_ = false;
};

class RealChildRunner final : public ChildRunner {
public:
    RealChildRunner(asio::io_context& context, Clock& clock) : context_(context), clock_(clock) {}

    Task<Result<ChildResult>> run(ChildCommand command) override
    {
        if (stopped_)
            co_return Error{Errc::cancelled, command.program + " is not started any more"};
        const auto running = std::make_shared<Running>(context_, command.output_bytes_max);
        if (auto started = running->start(command); !started)
            co_return started.error();
        const auto deadline = clock_.alarm(command.deadline, [running] { running->kill(); });
        running_.push_back(running);
        co_await running->done.take();
        std::erase(running_, running);
        if (running->killed() && stopped_)
            co_return Error{Errc::cancelled, command.program + " was stopped"};
        if (running->killed())
            co_return Error{Errc::timed_out, command.program + " did not end in time"};
        co_return running->result();
    }

    void stop() override
    {
        stopped_ = true;
        for (const auto& running : running_)
            running->kill();
    }

private:
    asio::io_context& context_;
    Clock& clock_;
    std::vector<std::shared_ptr<Running>> running_;
    bool stopped_ = false;
};

} // namespace

std::unique_ptr<ChildRunner> make_child_runner(asio::io_context& context, Clock& clock)
{
    return std::make_unique<RealChildRunner>(context, clock);
}

} // namespace trueup
