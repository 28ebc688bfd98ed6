"""python -m minicyclegan: what there is, one line a command."""

COMMANDS = {
    "doctor": "looks through folders of pictures before a training does, and proposes how to train on them",
    "train": "trains a model; --small: on an embedded world, in minutes, on any machine",
    "report": "the page that explains a run, or compares several",
    "translate": "sends pictures and folders of pictures through a trained model",
    "demo": "a web page to try models on: your own, or those that come with the package",
    "evaluate": "measures a trained model on held-out pictures",
    "export": "writes a trained model as ONNX, or as a web page",
    "judges": "trains the networks that evaluate judges with; they come trained",
    "ablate": "the papers' tables at laptop size: trains, measures, draws",
    "bench": "how fast this machine trains and translates",
    "worlds": "draws the embedded worlds: sheets to look at, or data set folders",
}

if __name__ == "__main__":
    print("minicyclegan: GAN image translation, from scratch. The commands, each with --help:\n")
    for name, purpose in COMMANDS.items():
        print(f"  python -m minicyclegan.{name:<10} {purpose}")
