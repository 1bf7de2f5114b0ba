// One bulk TCP transfer over IPv6 between two hosts on one link that loses packets at random and has a short queue: what
// congestion control makes of it.
// Usage: tcp_path [seconds=300] [rate_mbps=10000] [delay_us=25000 (one way)] [queue=100000 (packets)] [loss=0]
//                 [mss=1428] [cc=TcpNewReno]
#include "common.hpp"

#include "ns3/applications-module.h"

using namespace ns3;

namespace
{

void
Lose(Ptr<Node> node, double probability)
{
    auto model = CreateObject<RateErrorModel>();
    model->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
    model->SetRate(probability);
    for (uint32_t i = 0; i < node->GetNDevices(); ++i)
    {
        if (auto device = DynamicCast<PointToPointNetDevice>(node->GetDevice(i)))
        {
            device->SetReceiveErrorModel(model);
        }
    }
}

} // namespace

int
main(int argc, char** argv)
{
    const bench::Args args(argc, argv);
    const uint32_t seconds = args.Number("seconds", 300);
    const uint64_t rate = args.Number("rate_mbps", 10000);
    const uint64_t delay = args.Number("delay_us", 25000);
    const uint32_t queue = args.Number("queue", 100000);
    const double loss = std::stod(args.Text("loss", "0"));
    const uint32_t mss = args.Number("mss", 1428);
    const std::string cc = args.Text("cc", "TcpNewReno");
    const uint32_t window = 64 << 20;

    bench::Phases phases;
    Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(mss));
    Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(window));
    Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(window));
    Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
    Config::SetDefault("ns3::TcpSocket::DelAckCount", UintegerValue(1));
    Config::SetDefault("ns3::TcpL4Protocol::SocketType", StringValue("ns3::" + cc));

    NodeContainer nodes;
    nodes.Create(2);
    bench::InstallIpv6(nodes, false);
    bench::Linker linker(std::to_string(rate) + "Mbps", std::to_string(delay) + "us", false);
    linker.SetQueue(std::to_string(queue) + "p");
    const auto ends = linker.Connect(nodes.Get(0), false, nodes.Get(1), false);

    PacketSinkHelper sinkHelper("ns3::TcpSocketFactory",
                                Inet6SocketAddress(Ipv6Address::GetAny(), 5001));
    auto sinkApps = sinkHelper.Install(nodes.Get(1));
    sinkApps.Start(Seconds(0));
    BulkSendHelper bulk("ns3::TcpSocketFactory", Inet6SocketAddress(ends.second.address, 5001));
    bulk.SetAttribute("MaxBytes", UintegerValue(0));
    bulk.SetAttribute("SendSize", UintegerValue(10 * mss));
    const Time start = Seconds(5);
    bulk.Install(nodes.Get(0)).Start(start);
    phases.EndSetup();
    phases.WarmUp(start - NanoSeconds(1));
    if (loss > 0)
    {
        Lose(nodes.Get(0), loss);
        Lose(nodes.Get(1), loss);
    }
    phases.Run(start + Seconds(seconds));

    const uint64_t bytes = DynamicCast<PacketSink>(sinkApps.Get(0))->GetTotalRx();
    bench::Json json;
    json.Str("workload", "tcp_path").Str("cc", cc).Num("goodput_mbps", bytes * 8e-6 / seconds);
    phases.Report(json, bytes / mss, nodes.GetN());
    json.Print();
    _exit(0);
}
