"""ONNX Runtime: the PyTorch network exported and run with every graph optimisation, inputs and outputs bound beforehand."""
import io

from common import serve


def open_job(job):
    import onnxruntime as ort
    import torch
    from pytorch import example, modules

    torch.manual_seed(1)
    model = modules()[job["model"]]().eval()
    x, _ = example(job["model"], job["batch"])
    file = io.BytesIO()
    torch.onnx.export(model, (x,), file, input_names=["x"], output_names=["y"], dynamo=False)
    options = ort.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x.numpy()))
    y = model(x).detach().numpy()
    binding.bind_ortvalue_output("y", ort.OrtValue.ortvalue_from_numpy(y.copy()))
    session.run_with_iobinding(binding)
    difference = abs(binding.get_outputs()[0].numpy() - y).max()
    if difference > 1e-3 * abs(y).max():
        raise RuntimeError(f"the exported network differs from PyTorch's by {difference}")

    def run(steps):
        for _ in range(steps):
            session.run_with_iobinding(binding)
        return steps

    return f"ONNX Runtime {ort.__version__}", run


if __name__ == "__main__":
    serve(open_job)
