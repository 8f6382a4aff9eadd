// How operations on the simulated network end early: each exactly once.
#include <gtest/gtest.h>

#include "recorded.hpp"

namespace ferrule::test {
namespace {

using namespace std::chrono_literals;

TEST(SimCancel, CancelEndsEachOperationOnce) {
  connected_hosts hosts;
  recorded receiving;
  recorded once;
  std::string into(10, '\0');
  hosts.server.recv_start(receiving, hosts.at_server);
  hosts.client.recv(once, hosts.at_client, writable(into));
  sent sending(hosts.client, hosts.at_client, std::string(300'000, 'x'));
  recorded connecting;
  const io::handle nowhere{hosts.client.open(AF_INET, SOCK_STREAM)};
  hosts.client.connect(connecting, nowhere, *address::parse("10.0.0.77", 80));
  for (int twice = 0; twice < 2; ++twice) {
    hosts.server.cancel(receiving);
    hosts.server.cancel(hosts.accept);
    hosts.client.cancel(once);
    hosts.client.cancel(sending);
    hosts.client.cancel(connecting);
  }
  EXPECT_EQ(receiving.ends + once.ends + sending.ends + connecting.ends, 0U) << "inside cancel";
  hosts.world.run_for(1h);
  for (const recorded* op :
       {&receiving, &hosts.accept, &once, static_cast<recorded*>(&sending), &connecting}) {
    EXPECT_EQ(op->last(), -ECANCELED);
    EXPECT_EQ(op->ends, 1U);
    EXPECT_FALSE(op->pending());
  }
  hosts.client.cancel(once);  // harmless when not pending
}

TEST(SimCancel, CloseEndsWhatIsPendingFirst) {
  connected_hosts hosts;
  recorded receiving;
  hosts.client.recv_start(receiving, hosts.at_client);
  const sent sending(hosts.client, hosts.at_client, std::string(300'000, 'x'));
  recorded closing;
  hosts.client.close(closing, hosts.at_client);
  ASSERT_TRUE(hosts.ends(closing));
  EXPECT_EQ(receiving.results, std::vector<std::int32_t>{-ECANCELED});
  EXPECT_EQ(sending.results, std::vector<std::int32_t>{-ECANCELED});
  EXPECT_EQ(hosts.close(hosts.client, hosts.at_client), -EBADF) << "handles are not used twice";
}

TEST(SimCancel, AMultishotMayBeCancelledFromItsOwnDone) {
  struct once : recorded {
    once() {
      done = [](io::operation& op, const io::completion& c) noexcept {
        on_done(op, c);
        if (c.more) static_cast<once&>(op).io->cancel(op);
      };
    }
    io::backend* io = nullptr;
  };
  connected_hosts hosts;
  const sent sending(hosts.client, hosts.at_client, std::string(10'000, 'x'));
  hosts.world.run_for(1s);
  once op;
  op.io = &hosts.server;
  hosts.server.recv_start(op, hosts.at_server);
  hosts.world.run_for(1s);
  EXPECT_EQ(op.results, (std::vector<std::int32_t>{2048, -ECANCELED}));
}

}  // namespace
}  // namespace ferrule::test
