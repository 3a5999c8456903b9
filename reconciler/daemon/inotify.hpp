// Hears of changes below directories, from the kernel.
//
// It only says that something may have changed: what did is for whoever looks. Directories are
// watched themselves, not what lies below them.

#pragma once

#include "state/model/result.hpp"
#include "state/model/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace trueup {

class Inotify {
public:
    // `context` outlives it. Fails with internal when the kernel has no more to give.
    static Result<std::unique_ptr<Inotify>> open(boost::asio::io_context& context,
                                                 std::function<void()> changed);

    // Exactly these from now on. Fails with internal when not all can be watched; those that can
    // are.
    Result<void> watch(const std::vector<std::filesystem::path>& directories);

private:
    Inotify(boost::asio::io_context& context, int descriptor, std::function<void()> changed);

    void wait();
    void drain();

    std::function<void()> changed_;
    std::map<int, std::filesystem::path> watched_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    boost::asio::posix::basic_stream_descriptor<Executor> descriptor_;
};

} // namespace trueup
